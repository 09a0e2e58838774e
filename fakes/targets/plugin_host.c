// A program that loads its plug-in.
//
//   plugin_host PLUGIN
//
// Ends with 0 once the plug-in is loaded.
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char** argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: plugin_host PLUGIN\n");
        return 2;
    }
    if (dlopen(argv[1], RTLD_NOW) == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    printf("plugin loaded\n");
    return 0;
}
