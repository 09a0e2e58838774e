// Functions as debuggers of many versions write them, brought to one spelling.
#pragma once

#include <string>
#include <string_view>

namespace rehang {

// What a thread waits in, as coarse as a stack alone can tell: a read(2) may be of a pipe or of a socket.
enum class WaitClass { any, read, write, poll, futex, child, timer, signal, connection, file_lock, running };
std::string_view to_text(WaitClass wait);

// The name in "tcmalloc::CentralFreeList::InsertRange(void*, void*, int) () from /lib/libtcmalloc.so.4",
// "futex_wait (private=0, …) at futex-internal.h:146", "void f<int>(int) ()": without parameters and return
// type. In time linear in the text.
std::string function_in(std::string_view text);

// One spelling for what is the same function in other versions, builds and architectures: "__GI___libc_read",
// "__read" and "read" are "read", "foo<int>", "foo.part.0" and "foo@plt" are "foo".
std::string canonical(std::string_view function);

// Of a canonical name: the C library's way into the kernel, which differs from version to version; what is
// waited in is all that it tells.
bool is_way_into_kernel(std::string_view name);
WaitClass wait_class(std::string_view name);
// What every thread begins with, which says nothing about a hang.
bool is_start_of_thread(std::string_view name);

}  // namespace rehang
