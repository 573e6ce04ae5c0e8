# A room is a folder under cornu/: its sources join the library, its *_test.cpp one test program.
# Sources are globbed (with CONFIGURE_DEPENDS), so that adding a file edits no build file.

# The rooms whose tests also run under the sanitizers: all that handles memory, threads and files.
set(CORNU_CORE_ROOMS base tensor ops graph autodiff backend backends/native random saving)

function(cornu_room_sources room out_sources out_tests)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cornu/${room}/*.cpp)
    set(tests ${files})
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    list(FILTER files EXCLUDE REGEX "_test\\.cpp$")
    set(${out_sources} ${files} PARENT_SCOPE)
    set(${out_tests} ${tests} PARENT_SCOPE)
endfunction()

# The precompiled header is made once, by the first of the targets that are compiled alike.
function(cornu_precompile target first)
    if(target STREQUAL first)
        target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cornu/base/std.h)
    else()
        target_precompile_headers(${target} REUSE_FROM ${first})
    endif()
endfunction()

# Compiled once as objects, which the library (static or shared) and the tests take.
function(cornu_room room)
    cornu_room_sources(${room} sources tests)
    if(NOT sources)
        return()
    endif()
    string(REPLACE "/" "_" name ${room})
    add_library(cornu_${name} OBJECT ${sources})
    target_include_directories(cornu_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_definitions(cornu_${name} PRIVATE CORNU_BUILDING)
    target_link_libraries(cornu_${name} PRIVATE cornu_flags nlohmann_json::nlohmann_json ZLIB::ZLIB
                                                OneDNN::OneDNN)
    if(NOT room STREQUAL "backends/native")
        cornu_precompile(cornu_${name} cornu_base)
    endif()
    target_sources(cornu PRIVATE $<TARGET_OBJECTS:cornu_${name}>)
endfunction()

# Tests reach into internals, which a shared library hides: they link the objects themselves then.
function(cornu_link_internals target)
    if(NOT BUILD_SHARED_LIBS)
        target_link_libraries(${target} PRIVATE cornu cornu_flags)
        return()
    endif()
    if(NOT TARGET cornu_internals)
        add_library(cornu_internals STATIC $<TARGET_PROPERTY:cornu,SOURCES>)
        target_link_libraries(cornu_internals PUBLIC $<TARGET_PROPERTY:cornu,LINK_LIBRARIES>)
        set_target_properties(cornu_internals PROPERTIES LINKER_LANGUAGE CXX)
    endif()
    target_link_libraries(${target} PRIVATE cornu_internals cornu_flags)
endfunction()

function(cornu_room_tests room)
    cornu_room_sources(${room} sources tests)
    if(NOT tests)
        return()
    endif()
    string(REPLACE "/" "_" name ${room})
    add_executable(test_${name} ${tests} ${PROJECT_SOURCE_DIR}/tests/main.cpp)
    # doctest lets each file have its own TEST_CASE names only when the files stay apart.
    set_target_properties(test_${name} PROPERTIES UNITY_BUILD OFF)
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    cornu_precompile(test_${name} test_base)
    target_compile_definitions(test_${name} PRIVATE CORNU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    cornu_link_internals(test_${name})
    target_link_libraries(test_${name} PRIVATE doctest::doctest)
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS room)
    if(CORNU_SANITIZE STREQUAL "thread")
        # OpenBLAS is not instrumented: its threads look like races.
        set_tests_properties(${name} PROPERTIES ENVIRONMENT OPENBLAS_NUM_THREADS=1)
    endif()
    if(room IN_LIST CORNU_CORE_ROOMS)
        set_tests_properties(${name} PROPERTIES LABELS "room;core")
        if(NOT TARGET core_tests)
            add_custom_target(core_tests)
        endif()
        add_dependencies(core_tests test_${name})
    endif()
endfunction()

# Every examples/NAME.cpp is a program of its own: build/NAME_demo.
function(cornu_examples)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
    foreach(file IN LISTS files)
        cmake_path(GET file STEM name)
        add_executable(${name}_demo ${file})
        target_compile_definitions(${name}_demo PRIVATE
                                   CORNU_EXAMPLES_DIR="${PROJECT_SOURCE_DIR}/examples")
        target_link_libraries(${name}_demo PRIVATE cornu cornu_flags)
    endforeach()
endfunction()

# Every benchmarks/NAME.cpp is a program of its own, built when asked for: build/bench_NAME.
function(cornu_benchmarks)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/benchmarks/*.cpp)
    foreach(file IN LISTS files)
        cmake_path(GET file STEM name)
        add_executable(bench_${name} EXCLUDE_FROM_ALL ${file})
        target_link_libraries(bench_${name} PRIVATE cornu cornu_flags)
    endforeach()
endfunction()

# An engine: a plugin that is found and opened at run time (backend/registry.cpp). It takes the core's
# symbols from the program that opens it, which therefore must hold the shared library.
function(cornu_engine name)
    if(NOT BUILD_SHARED_LIBS)
        return()
    endif()
    add_library(cornu_engine_${name} MODULE ${ARGN})
    set_target_properties(cornu_engine_${name} PROPERTIES OUTPUT_NAME cornu_${name}
                          LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    target_include_directories(cornu_engine_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(cornu_engine_${name} PRIVATE cornu cornu_flags)
    if(NOT CORNU_SANITIZE)
        # What the core does not export is found out here, not when the engine is opened.
        target_link_options(cornu_engine_${name} PRIVATE LINKER:--no-undefined)
    endif()
    if(CORNU_INSTALL)
        install(TARGETS cornu_engine_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/cornu)
    endif()
endfunction()
