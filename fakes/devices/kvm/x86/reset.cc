#include "devices/kvm/x86/reset.h"

#include <cstring>

namespace rehang::fakes::kvm::x86 {

namespace {

template <std::size_t Size>
void put(std::array<std::byte, Size>& bytes, std::size_t offset, std::uint32_t value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

}  // namespace

Regs regs_at_reset() {
    Regs regs;
    regs.rdx = 0x600;
    regs.rip = 0xfff0;
    regs.rflags = 2;
    return regs;
}

Sregs2 sregs_at_reset(bool boot_cpu) {
    const Segment data{.limit = 0xffff, .type = 3, .present = 1, .s = 1};
    Sregs2 sregs;
    SpecialRegisters& registers = sregs.registers;
    registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
    registers.cs = {
        .base = 0xffff0000, .limit = 0xffff, .selector = 0xf000, .type = 0xb, .present = 1, .s = 1};
    registers.tr = {.limit = 0xffff, .type = 0xb, .present = 1};
    registers.ldt = {.limit = 0xffff, .type = 2, .present = 1};
    registers.gdt.limit = registers.idt.limit = 0xffff;
    registers.cr0 = 0x60000010;
    registers.apic_base = 0xfee00800U | (boot_cpu ? 0x100U : 0U);
    return sregs;
}

Xsave xsave_at_reset() {
    Xsave xsave{};
    put(xsave, 0, 0x37f);      // FCW
    put(xsave, 0x18, 0x1f80);  // MXCSR
    put(xsave, 0x1c, 0xffff);
    return xsave;
}

Xcrs xcrs_at_reset() {
    Xcrs xcrs{.count = 1};
    xcrs.xcrs[0].value = 1;
    return xcrs;
}

Lapic lapic_at_reset(std::uint32_t id) {
    Lapic lapic{};
    put(lapic, 0x20, id << 24);
    put(lapic, 0x30, 0x00050014);  // version, with 6 local vectors
    put(lapic, 0xe0, 0xffffffff);
    put(lapic, 0xf0, 0xff);
    for (const std::size_t vector : {0x320, 0x330, 0x340, 0x350, 0x360, 0x370})
        put(lapic, vector, 0x10000);  // masked
    return lapic;
}

DebugRegs debug_at_reset() {
    DebugRegs debug;
    debug.dr6 = 0xffff0ff0;
    debug.dr7 = 0x400;
    return debug;
}

}  // namespace rehang::fakes::kvm::x86
