// Where in a fork tree the processes stood that somebody saw, as far as it can be concluded.
#pragma once

#include <string>
#include <vector>

#include "match/sighting.h"

namespace rehang {

struct Place {
    std::string path;                      // "qemu/1/1"
    const SeenProcess* process = nullptr;  // null: concluded to be there, or a zombie, without threads to see
    bool zombie = false;
};

struct Places {
    std::string root;                        // name of the [[process]]
    std::vector<Place> tree;                 // from the root down
    std::vector<const SeenProcess*> others;  // take no part, as far as can be concluded
    std::vector<std::string> concluded;      // how: sentences
};
Places find_places(const Sighting& seen);

// The process that forked this one: "qemu/1" of "qemu/1/1"; "" of a root.
std::string parent_of(const std::string& path);

}  // namespace rehang
