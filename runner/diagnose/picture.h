// The parts of a Diagnosis that need no judgement: processes, threads, nodes and edges.
#pragma once

#include "diagnose/diagnosis.h"
#include "diagnose/evidence.h"

namespace rehang {

// All processes of the snapshot, and those that the scope knows and that are gone.
std::vector<DiagnosedProcess> picture_processes(const Evidence& evidence);
// Threads, what they wait for, and who could end that.
void draw_waits(const Evidence& evidence, std::vector<GraphNode>& nodes, std::vector<GraphEdge>& edges);
// "probe/1 has ended and stays a zombie: probe has not waited for it."
std::vector<std::string> tell_zombies(const Evidence& evidence);

}  // namespace rehang
