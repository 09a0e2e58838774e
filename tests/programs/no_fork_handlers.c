// Preloaded before tcmalloc: the function by which gperftools registers its fork handlers is this one, and
// does nothing. void perftools_pthread_atfork(void (*)(), void (*)(), void (*)()), in C++'s spelling.
void _Z24perftools_pthread_atforkPFvvES0_S0_(void (*before)(void), void (*parent)(void), void (*child)(void));
void _Z24perftools_pthread_atforkPFvvES0_S0_(void (*before)(void), void (*parent)(void),
                                             void (*child)(void)) {
    (void)before;
    (void)parent;
    (void)child;
}
