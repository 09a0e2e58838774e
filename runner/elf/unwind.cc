#include "elf/unwind.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

namespace rehang::elf {
namespace {

// Numbers of the x86_64 psABI, figure 3.36 (DWARF register number mapping).
enum DwarfRegister : unsigned { rbx = 3, rbp = 6, rsp = 7, r12 = 12, r13 = 13, r14 = 14, r15 = 15, rip = 16 };

// DWARF for the Arm 64-bit Architecture (AADWARF64): x0 to x30 are 0 to 30, and the stack pointer comes next.
constexpr unsigned arm64_sp = 31, arm64_lr = 30;

// libdwfl asks for the one thread that is being unwound by this number; which thread it really is does not
// matter to it.
constexpr pid_t the_thread = 1;

struct Place {
    std::string module, symbol;
    std::uint64_t offset = 0;
};

// Owns the libdwfl session. libdwfl knows its address, so it never moves.
struct Session {
    pid_t pid;
    Files& files;
    std::vector<Module> modules;
    std::vector<Mapping> code;
    Dwfl* dwfl = nullptr;
    bool attached = false;
    std::unordered_map<std::uint64_t, Place>
        places;  // looking symbols up costs more than the unwinding itself

    // Of a guest of qemu-user: what libdwfl sees are its addresses, and without this they are the host's.
    std::optional<std::uint64_t> guest_base;

    // What is being unwound right now.
    const Registers* registers = nullptr;
    const GuestRegisters* guest_registers = nullptr;
    const SavedStack* saved = nullptr;
    std::vector<Frame>* frames = nullptr;
    size_t most = 0;

    Session(pid_t process, Files& symbol_files, std::optional<std::uint64_t> base_of_guest = {});
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { dwfl_end(dwfl); }

    std::uint64_t base() const { return guest_base.value_or(0); }
    bool is_arm64(const Module& module) const;
    std::uint64_t without_signature(std::uint64_t value) const;
    void report_modules();
    bool read_word(std::uint64_t address, std::uint64_t& word) const;
    bool set_registers(Dwfl_Thread* thread) const;
    Place& place_of(std::uint64_t pc);
    int add_frame(Dwfl_Frame* state);

    struct Walk {
        std::vector<Frame> frames;
        bool ended_early = false;
    };
    Walk walk(const Registers& from);
    Walk walk(const GuestRegisters& from);
    Walk walk();
    bool is_outermost(const Frame& frame) const;
    bool is_code(std::uint64_t address) const;
    bool looks_like_frame(std::uint64_t address, std::uint64_t& outer) const;
    std::vector<std::uint64_t> possible_frame_pointers(std::uint64_t sp) const;
};

Session& session_of(void* argument) {
    return *static_cast<Session*>(argument);
}

// Called by libdwfl for the modules that a stack really touches, not for all of them. It takes the descriptor
// over.
int open_module(Dwfl_Module*, void** user_data, const char* name, Dwarf_Addr, char** file_name, Elf**) {
    const Session& session = session_of(*user_data);
    const std::string path = host_view(session.pid, name);
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);  // as in open_elf()
    if (fd >= 0) *file_name = strdup(path.c_str());
    return fd;
}

// .eh_frame is all that unwinding needs: searching for debug files would cost tens of milliseconds.
int find_no_debug_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
                       char**) {
    return -1;
}

const Dwfl_Callbacks file_callbacks = {
    .find_elf = open_module,
    .find_debuginfo = find_no_debug_file,
    .section_address = nullptr,
    .debuginfo_path = nullptr,
};

const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = [](Dwfl*, void* argument, void** thread_argument) -> pid_t {
        if (*thread_argument) return 0;
        *thread_argument = argument;
        return the_thread;
    },
    .get_thread =
        [](Dwfl*, pid_t, void* argument, void** thread_argument) {
            *thread_argument = argument;
            return true;
        },
    .memory_read = [](Dwfl*, Dwarf_Addr address, Dwarf_Word* result,
                      void* argument) { return session_of(argument).read_word(address, *result); },
    .set_initial_registers = [](Dwfl_Thread* thread,
                                void* argument) { return session_of(argument).set_registers(thread); },
    .detach = nullptr,
    .thread_detach = nullptr,
};

Session::Session(pid_t process, Files& symbol_files, std::optional<std::uint64_t> base_of_guest)
    : pid(process),
      files(symbol_files),
      code(read_mappings(process)),
      dwfl(dwfl_begin(&file_callbacks)),
      guest_base(base_of_guest) {
    modules = modules_of(code);
    if (guest_base) std::erase_if(modules, [&](const Module& module) { return !is_arm64(module); });
    std::erase_if(code, [](const Mapping& mapping) { return !mapping.executable; });
    if (!dwfl) return;
    report_modules();
    attached = dwfl_attach_state(dwfl, nullptr, pid, &thread_callbacks, this);
}

bool Session::is_arm64(const Module& module) const {
    const Linkage* const linkage = files.linkage(host_view(pid, module.path));
    return linkage && linkage->is_arm64();
}

// Code that authenticates pointers (PAC) has return addresses on the stack with a signature in the upper
// bits.
std::uint64_t Session::without_signature(std::uint64_t value) const {
    constexpr unsigned address_bits = 48;
    const std::uint64_t address = value & ((std::uint64_t{1} << address_bits) - 1);
    return address != value && module_at(modules, base() + address) ? address : value;
}

void Session::report_modules() {
    dwfl_report_begin(dwfl);
    for (const Module& module : modules) {
        Dwfl_Module* const reported =
            dwfl_report_module(dwfl, module.path.c_str(), module.start - base(), module.end - base());
        void** user_data = nullptr;
        if (!reported) continue;
        dwfl_module_info(reported, &user_data, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
        *user_data = this;
    }
    dwfl_report_end(dwfl, nullptr, nullptr);
}

bool Session::read_word(std::uint64_t address, std::uint64_t& word) const {
    address += base();
    if (saved && address >= saved->start && address - saved->start + sizeof word <= saved->bytes.size()) {
        std::memcpy(&word, saved->bytes.data() + (address - saved->start), sizeof word);
    } else {
        const iovec here = {.iov_base = &word, .iov_len = sizeof word};
        // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
        const iovec there = {.iov_base = reinterpret_cast<void*>(address), .iov_len = sizeof word};
        if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof word) return false;
    }
    if (guest_base) word = without_signature(word);
    return true;
}

bool Session::set_registers(Dwfl_Thread* thread) const {
    const auto set = [&](unsigned number, Dwarf_Word value) {
        return dwfl_thread_state_registers(thread, static_cast<int>(number), 1, &value);
    };
    if (guest_registers) {
        auto x = guest_registers->x;
        x[arm64_lr] = without_signature(x[arm64_lr]);
        dwfl_thread_state_register_pc(thread, guest_registers->pc);
        return dwfl_thread_state_registers(thread, 0, x.size(), x.data()) &&
               set(arm64_sp, guest_registers->sp);
    }
    bool good = set(rsp, registers->sp) && set(rip, registers->pc);
    if (registers->complete || registers->bp != 0) good = good && set(rbp, registers->bp);
    if (registers->complete)
        good = good && set(rbx, registers->bx) && set(r12, registers->r12) && set(r13, registers->r13) &&
               set(r14, registers->r14) && set(r15, registers->r15);
    if (good) dwfl_thread_state_register_pc(thread, registers->pc);
    return good;
}

Place& Session::place_of(std::uint64_t pc) {
    const auto [at, added] = places.try_emplace(pc);
    if (added) {
        const auto place = describe(pid, modules, pc, files);
        at->second = {.module = place.module, .symbol = place.symbol, .offset = place.offset};
    }
    return at->second;
}

int Session::add_frame(Dwfl_Frame* state) {
    Dwarf_Addr pc = 0;
    // Innermost, or interrupted by a signal: pc is the next instruction itself, not the one behind a call.
    bool innermost = false;
    if (!dwfl_frame_pc(state, &pc, &innermost) || pc == 0) return DWARF_CB_ABORT;
    pc += base();
    // A call may be a function's last instruction: the return address would then belong to the next function.
    const std::uint64_t behind_call = innermost ? 0 : 1;
    const Place& place = place_of(pc - behind_call);
    frames->push_back(
        {.pc = pc, .module = place.module, .symbol = place.symbol, .offset = place.offset + behind_call});
    return frames->size() < most ? DWARF_CB_OK : DWARF_CB_ABORT;
}

// The unwind information of _start and clone says that there is no return address.
bool Session::is_outermost(const Frame& frame) const {
    const std::uint64_t pc = frame.pc - base() - 1;
    Dwarf_Addr bias = 0;
    Dwfl_Module* const module = dwfl_addrmodule(dwfl, pc);
    Dwarf_CFI* const cfi = module ? dwfl_module_eh_cfi(module, &bias) : nullptr;
    Dwarf_Frame* found = nullptr;
    if (!cfi || dwarf_cfi_addrframe(cfi, pc - bias, &found) != 0) return false;
    const std::unique_ptr<Dwarf_Frame, decltype(&std::free)> owned(found, std::free);
    std::array<Dwarf_Op, 3> buffer{};
    Dwarf_Op* ops = nullptr;
    size_t count = 0;
    const unsigned return_address = guest_base ? arm64_lr : unsigned{rip};
    const bool known = dwarf_frame_register(found, return_address, buffer.data(), &ops, &count) == 0;
    return known && count == 0 && ops == buffer.data();  // "undefined", as libdw says it
}

Session::Walk Session::walk(const Registers& from) {
    registers = &from;
    guest_registers = nullptr;
    return walk();
}

Session::Walk Session::walk(const GuestRegisters& from) {
    registers = nullptr;
    guest_registers = &from;
    return walk();
}

Session::Walk Session::walk() {
    Walk walk;
    frames = &walk.frames;
    const auto add = [](Dwfl_Frame* state, void* argument) { return session_of(argument).add_frame(state); };
    dwfl_getthread_frames(dwfl, the_thread, add,
                          this);  // success or not, it does not tell a broken stack from its end
    walk.ended_early = walk.frames.size() < most && !walk.frames.empty() && !is_outermost(walk.frames.back());
    return walk;
}

bool Session::is_code(std::uint64_t address) const {
    return std::ranges::any_of(code, [&](const Mapping& m) { return address >= m.start && address < m.end; });
}

// A saved frame pointer, which leads outwards, with a return address above it.
bool Session::looks_like_frame(std::uint64_t address, std::uint64_t& outer) const {
    std::uint64_t return_address = 0;
    return read_word(address, outer) && read_word(address + sizeof outer, return_address) &&
           is_code(return_address);
}

std::vector<std::uint64_t> Session::possible_frame_pointers(std::uint64_t sp) const {
    constexpr std::uint64_t searched = 4096, largest_frame = std::uint64_t{1} << 20;
    std::vector<std::uint64_t> possible;
    for (std::uint64_t address = sp; address < sp + searched; address += sizeof address) {
        std::uint64_t outer = 0, next = 0;
        if (!looks_like_frame(address, outer)) continue;
        if (outer > address && outer - address < largest_frame && looks_like_frame(outer, next))
            possible.push_back(address);
    }
    return possible;
}

}  // namespace

struct Unwinder::Impl {
    Session session;
};

Unwinder::Unwinder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Unwinder::Unwinder(pid_t pid, Files& files) : impl_(new Impl{.session = {pid, files}}) {}
Unwinder Unwinder::of_guest(pid_t pid, std::uint64_t base, Files& files) {
    return Unwinder(std::unique_ptr<Impl>(new Impl{.session = {pid, files, base}}));
}
Unwinder::Unwinder(Unwinder&&) noexcept = default;
Unwinder& Unwinder::operator=(Unwinder&&) noexcept = default;
Unwinder::~Unwinder() = default;

std::vector<Frame> Unwinder::unwind(const Registers& registers, const SavedStack* saved, size_t most,
                                    FramePointer frame_pointer) {
    Session& session = impl_->session;
    if (!session.attached || most == 0) return {};
    session.saved = saved;
    session.most = most;
    Session::Walk known = session.walk(registers);
    if (!known.ended_early || registers.complete || frame_pointer == FramePointer::only_known)
        return known.frames;
    // What calls that are over have left on the stack looks like frames, too. It seldom leads all the way
    // out.
    std::vector<Frame> best = known.frames;
    for (const std::uint64_t possible : session.possible_frame_pointers(registers.sp)) {
        Registers guessed = registers;
        guessed.bp = possible;
        Session::Walk further = session.walk(guessed);
        if (further.frames.size() <= known.frames.size()) continue;
        if (!further.ended_early) return further.frames;
        if (best.size() == known.frames.size()) best = std::move(further.frames);
    }
    return best;
}

std::vector<Frame> Unwinder::unwind(const GuestRegisters& registers, const SavedStack* saved, size_t most) {
    Session& session = impl_->session;
    if (!session.attached || !session.guest_base || most == 0) return {};
    session.saved = saved;
    session.most = most;
    return session.walk(registers).frames;
}

}  // namespace rehang::elf
