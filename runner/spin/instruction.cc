#include "spin/instruction.h"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"

namespace rehang::spin {
namespace {

using Kind = Instruction::Kind;

// Without any group of extensions in Capstone: these compute with registers and the operands that are
// written out, and with the stack where stack_extent() says so. Left out on purpose: string instructions
// (each repetition is a step of its own), those with unwritten memory operands, and all that ask the machine
// who, where or when it is.
const std::set<unsigned>& safe_instructions() {
    static const std::set<unsigned> safe = {
        X86_INS_MOV,         X86_INS_MOVABS,    X86_INS_MOVZX,      X86_INS_MOVSX,      X86_INS_MOVSXD,
        X86_INS_LEA,         X86_INS_XCHG,      X86_INS_CMPXCHG,    X86_INS_CMPXCHG8B,  X86_INS_CMPXCHG16B,
        X86_INS_XADD,        X86_INS_BSWAP,     X86_INS_MOVBE,      X86_INS_PUSH,       X86_INS_POP,
        X86_INS_CALL,        X86_INS_RET,       X86_INS_LEAVE,      X86_INS_JMP,        X86_INS_NOP,
        X86_INS_PAUSE,       X86_INS_ENDBR64,   X86_INS_ADD,        X86_INS_ADC,        X86_INS_SUB,
        X86_INS_SBB,         X86_INS_INC,       X86_INS_DEC,        X86_INS_NEG,        X86_INS_NOT,
        X86_INS_AND,         X86_INS_OR,        X86_INS_XOR,        X86_INS_CMP,        X86_INS_TEST,
        X86_INS_MUL,         X86_INS_IMUL,      X86_INS_DIV,        X86_INS_IDIV,       X86_INS_SHL,
        X86_INS_SHR,         X86_INS_SAR,       X86_INS_SAL,        X86_INS_ROL,        X86_INS_ROR,
        X86_INS_SHLD,        X86_INS_SHRD,      X86_INS_BT,         X86_INS_BTS,        X86_INS_BTR,
        X86_INS_BTC,         X86_INS_BSF,       X86_INS_BSR,        X86_INS_TZCNT,      X86_INS_LZCNT,
        X86_INS_POPCNT,      X86_INS_CBW,       X86_INS_CWDE,       X86_INS_CDQE,       X86_INS_CWD,
        X86_INS_CDQ,         X86_INS_CQO,       X86_INS_LAHF,       X86_INS_SAHF,       X86_INS_CLC,
        X86_INS_STC,         X86_INS_CMC,       X86_INS_CLD,        X86_INS_STD,        X86_INS_LFENCE,
        X86_INS_SFENCE,      X86_INS_MFENCE,    X86_INS_PREFETCHT0, X86_INS_PREFETCHT1, X86_INS_PREFETCHT2,
        X86_INS_PREFETCHNTA, X86_INS_PREFETCHW, X86_INS_SETAE,      X86_INS_SETA,       X86_INS_SETBE,
        X86_INS_SETB,        X86_INS_SETE,      X86_INS_SETGE,      X86_INS_SETG,       X86_INS_SETLE,
        X86_INS_SETL,        X86_INS_SETNE,     X86_INS_SETNO,      X86_INS_SETNP,      X86_INS_SETNS,
        X86_INS_SETO,        X86_INS_SETP,      X86_INS_SETS};
    return safe;
}

bool is_conditional_jump(unsigned id) {
    return (id >= X86_INS_JAE && id <= X86_INS_JS) && id != X86_INS_JMP;
}

// Groups of Capstone whose instructions work on registers and written operands only, but for a few.
bool is_safe_extension(const cs_insn& instruction) {
    constexpr std::array groups = {X86_GRP_CMOV,  X86_GRP_BMI,  X86_GRP_BMI2,  X86_GRP_SSE1,
                                   X86_GRP_SSE2,  X86_GRP_SSE3, X86_GRP_SSSE3, X86_GRP_SSE41,
                                   X86_GRP_SSE42, X86_GRP_AVX,  X86_GRP_AVX2};
    constexpr std::array<unsigned, 6> except = {X86_INS_MASKMOVQ, X86_INS_MASKMOVDQU, X86_INS_VMASKMOVDQU,
                                                X86_INS_CLFLUSH,  X86_INS_FXSAVE,     X86_INS_FXRSTOR};
    const std::span belongs_to(instruction.detail->groups, instruction.detail->groups_count);
    return std::ranges::find(except, instruction.id) == except.end() &&
           std::ranges::any_of(
               groups, [&](auto group) { return std::ranges::find(belongs_to, group) != belongs_to.end(); });
}

std::optional<std::uint64_t> value_of(x86_reg name, const MachineState& state, size_t length) {
    constexpr std::array names = {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX,
                                  X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI,
                                  X86_REG_R8,  X86_REG_R9,  X86_REG_R10, X86_REG_R11,
                                  X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15};
    if (name == X86_REG_INVALID || name == X86_REG_RIZ) return 0;
    if (name == X86_REG_RIP) return state.pc + length;
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;  // 32-bit addresses, vectors of addresses
    return state.general[static_cast<size_t>(found - names.begin())];
}

std::optional<std::uint64_t> address_of(const x86_op_mem& operand, const MachineState& state, size_t length) {
    const auto base = value_of(operand.base, state, length), index = value_of(operand.index, state, length);
    if (!base || !index) return std::nullopt;
    std::uint64_t address =
        *base + *index * static_cast<std::uint64_t>(operand.scale) + static_cast<std::uint64_t>(operand.disp);
    if (operand.segment == X86_REG_FS) address += state.fs_base;
    if (operand.segment == X86_REG_GS) address += state.gs_base;
    return address;
}

// Capstone's operand sizes of vector instructions are not always right: a whole vector then, but not into
// the next page, which may not be there.
size_t at_least_a_vector(std::uint64_t address, size_t size) {
    constexpr std::uint64_t vector = 32, page = 4096;
    return std::max<size_t>(size, std::min(vector, page - address % page));
}

// What push, pop, call, ret and leave touch without writing it out.
std::optional<Touch> stack_extent(unsigned id, const MachineState& state) {
    constexpr size_t word = 8;
    switch (id) {
        case X86_INS_PUSH:
        case X86_INS_CALL:
            return Touch{state.general[rsp] - word, word};
        case X86_INS_POP:
        case X86_INS_RET:
            return Touch{state.general[rsp], word};
        case X86_INS_LEAVE:
            return Touch{state.general[rbp], word};
        default:
            return std::nullopt;
    }
}

bool only_computes_addresses(unsigned id) {
    return id == X86_INS_LEA || id == X86_INS_NOP || id == X86_INS_PREFETCHT0 || id == X86_INS_PREFETCHT1 ||
           id == X86_INS_PREFETCHT2 || id == X86_INS_PREFETCHNTA || id == X86_INS_PREFETCHW;
}

// bt [memory], register: the register picks a bit anywhere before or behind the operand.
bool reaches_beyond_its_operand(const cs_insn& instruction) {
    const cs_x86& x86 = instruction.detail->x86;
    const bool bits = instruction.id == X86_INS_BT || instruction.id == X86_INS_BTS ||
                      instruction.id == X86_INS_BTR || instruction.id == X86_INS_BTC;
    return bits && x86.op_count == 2 && x86.operands[0].type == X86_OP_MEM &&
           x86.operands[1].type == X86_OP_REG;
}

Kind kind_of(const cs_insn& instruction) {
    switch (instruction.id) {
        case X86_INS_RDTSC:
        case X86_INS_RDTSCP:
            return Kind::clock;
        case X86_INS_RDRAND:
        case X86_INS_RDSEED:
        case X86_INS_RDPMC:
        case X86_INS_CPUID:
            return Kind::varies;
        default:
            break;
    }
    const bool safe = safe_instructions().contains(instruction.id) || is_conditional_jump(instruction.id) ||
                      is_safe_extension(instruction);
    return safe && !reaches_beyond_its_operand(instruction) ? Kind::same_again : Kind::other;
}

bool changes_atomically(const cs_insn& instruction) {
    const cs_x86& x86 = instruction.detail->x86;
    const bool memory = std::any_of(x86.operands, x86.operands + x86.op_count,
                                    [](const cs_x86_op& operand) { return operand.type == X86_OP_MEM; });
    return memory && (x86.prefix[0] == X86_PREFIX_LOCK || instruction.id == X86_INS_XCHG);
}

Instruction examine(const cs_insn& raw, const MachineState& state) {
    Instruction instruction;
    instruction.text = raw.mnemonic;
    instruction.kind = kind_of(raw);
    instruction.branches = is_conditional_jump(raw.id);
    instruction.locks = changes_atomically(raw);
    if (only_computes_addresses(raw.id)) return instruction;
    const cs_x86& x86 = raw.detail->x86;
    for (const cs_x86_op& operand : std::span(x86.operands, x86.op_count)) {
        if (operand.type != X86_OP_MEM) continue;
        const auto address = address_of(operand.mem, state, raw.size);
        if (!address || operand.size == 0) {
            instruction.kind = Kind::other;
            return instruction;
        }
        const size_t size = is_safe_extension(raw) ? at_least_a_vector(*address, operand.size) : operand.size;
        instruction.touches.push_back({*address, size});
    }
    if (raw.id == X86_INS_JMP || raw.id == X86_INS_CALL) instruction.incidental = true;
    if (const auto stack = stack_extent(raw.id, state)) {
        instruction.incidental |= instruction.touches.empty();
        instruction.touches.push_back(*stack);
    }
    return instruction;
}

}  // namespace

struct Decoder::Impl {
    csh handle = 0;
    cs_insn* instruction = nullptr;
};

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {
    REHANG_CHECK(cs_open(CS_ARCH_X86, CS_MODE_64, &impl_->handle) == CS_ERR_OK);
    REHANG_CHECK(cs_option(impl_->handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK);
    impl_->instruction = cs_malloc(impl_->handle);
    REHANG_CHECK(impl_->instruction != nullptr);
}

Decoder::~Decoder() {
    cs_free(impl_->instruction, 1);
    cs_close(&impl_->handle);
}

Instruction Decoder::decode(std::span<const unsigned char> code, const MachineState& state) const {
    const unsigned char* at = code.data();
    size_t left = code.size();
    std::uint64_t address = state.pc;
    if (!cs_disasm_iter(impl_->handle, &at, &left, &address, impl_->instruction)) {
        Instruction unknown;
        unknown.text = "an instruction that is not known";
        return unknown;
    }
    if (impl_->instruction->id == X86_INS_SYSCALL) return system_call(state);
    return examine(*impl_->instruction, state);
}

}  // namespace rehang::spin
