// Loaded by a test's target while it runs.
extern "C" int late_function();

int late_function() {
    return 7;
}
