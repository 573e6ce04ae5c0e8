# Extracts from a page written here and compares with what must come out.
cmake_minimum_required(VERSION 3.22)

include(${CMAKE_CURRENT_LIST_DIR}/snippets.cmake)
set(folder ${CMAKE_CURRENT_BINARY_DIR}/snippets_test)
file(WRITE ${folder}/page.md [=[
# Title
```cpp
not marked;
```
<!-- test: first
int hidden = 1;
-->
```cpp
#include <cornu/cornu.h>
using namespace cornu;

auto x = f({a, b[0]}, "a;b");  // ${KEPT} @kept
```
<!-- test: second -->
```cpp
int main() { return 0; }
```
]=])
extract_snippets(${folder}/page.md ${folder} names)

function(expect what actual expected)
    if(NOT "${actual}" STREQUAL "${expected}")
        message(FATAL_ERROR "${what}: expected\n${expected}\nreceived\n${actual}")
    endif()
endfunction()

expect("names" "${names}" "first;second")
file(READ ${folder}/first.cpp first)
expect("first" "${first}" [=[
#include <cornu/cornu.h>

int main() {


int hidden = 1;

using namespace cornu;

auto x = f({a, b[0]}, "a;b");  // ${KEPT} @kept
}
]=])
file(READ ${folder}/second.cpp second)
expect("second" "${second}" " \nint main() { return 0; }\n")
file(REMOVE_RECURSE ${folder})
