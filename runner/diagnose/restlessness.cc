#include "diagnose/restlessness.h"

#include "diagnose/snapshot_view.h"

namespace rehang {
namespace {

// A time-out in a wait that it may be asked to make again without the program's noticing: sleeps and timed
// futex waits. A timed poll is not, which an interruption would end with EINTR (signal(7)).
bool naps_by_the_clock(const Wait& wait) {
    return wait.kind == WaitKind::timer || (wait.kind == WaitKind::futex && wait.by_itself);
}

// It sleeps, or comes to pages where it has not been yet: what repeats itself does neither.
bool gets_on(const ThreadSnapshot& thread, std::uint64_t faults_before) {
    return thread.state != 'R' || thread.faults != faults_before;
}

}  // namespace

void Restlessness::add_look(const Snapshot& snapshot, const std::vector<ThreadWait>& waits) {
    std::map<pid_t, Record> records;
    for (const ThreadWait& waiting : waits) {
        const ThreadSnapshot& thread = *find_thread(snapshot, waiting.tid);
        if (thread.held_at || has_ended(thread)) continue;
        const auto before = records_.find(thread.tid);
        Record record = before == records_.end() ? Record() : before->second;
        const bool ran = before != records_.end() && record.run_count != thread.run_count;
        if (gets_on(thread, record.faults))
            record.running = 0;
        else if (ran)
            ++record.running;  // otherwise it waits for a processor
        record.naps = naps_by_the_clock(waiting.wait);
        if (record.naps && ran) ++record.woken;
        record.run_count = thread.run_count;
        record.faults = thread.faults;
        records.emplace(thread.tid, record);
    }
    records_ = std::move(records);
}

std::vector<pid_t> Restlessness::threads() const {
    constexpr unsigned often = 3;
    std::vector<pid_t> restless;
    for (const auto& [tid, record] : records_)
        if (record.running >= often || (record.naps && record.woken >= often)) restless.push_back(tid);
    return restless;
}

}  // namespace rehang
