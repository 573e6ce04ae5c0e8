#include <cornu/base/version.h>

#include <iostream>

int main() { std::cout << cornu::version() << "\n"; }
