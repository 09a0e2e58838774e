// A static C++ program with std::thread, std::mutex and std::condition_variable.
//   static_threads ends    a thread hands main a value
//   static_threads stuck   main waits for a value that nobody hands over: a hang
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

int main(int, char** arguments) {
    std::mutex mutex;
    std::condition_variable changed;
    int value = 0;
    const bool hands_over = std::string_view(arguments[1]) == "ends";
    std::thread thread([&] {
        const std::lock_guard lock(mutex);
        if (hands_over) value = 7;
        changed.notify_all();
    });
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return value != 0; });
    }
    thread.join();
    return value;
}
