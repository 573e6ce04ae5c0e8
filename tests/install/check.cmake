# cmake -D source=… -D build=… -D work=… … -P check.cmake: see CMakeLists.txt.
cmake_minimum_required(VERSION 3.22)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "failed (${status}): ${command}\n${text}")
    endif()
    set(output "${text}" PARENT_SCOPE)
endfunction()

function(expect_output)
    if(NOT output MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+\n$")
        message(FATAL_ERROR "expected the version. Received: ${output}")
    endif()
endfunction()

set(here ${CMAKE_CURRENT_LIST_DIR}/project)
set(configure ${CMAKE_COMMAND} -G ${generator} -DCMAKE_CXX_COMPILER=${compiler} -S ${here})

# Built only once, by the build under test: what is installed is what the tests have tested.
file(REMOVE_RECURSE ${work})
run(${CMAKE_COMMAND} --install ${build} --prefix ${work}/first)
file(RENAME ${work}/first ${work}/moved)

file(GLOB_RECURSE headers RELATIVE ${work}/moved/include ${work}/moved/include/*.h)
foreach(header IN LISTS headers)
    if(header MATCHES "/backends/|/cli/|_impl\\.h$|for_tests\\.h$")
        message(FATAL_ERROR "${header} is private, but installed")
    endif()
endforeach()
file(GLOB_RECURSE packaged ${work}/moved/${libdir}/cmake/*.cmake ${work}/moved/${libdir}/*.pc)
foreach(file IN LISTS packaged)
    file(READ ${file} text)
    foreach(path IN ITEMS ${source} ${build} ${work}/first doctest nlohmann)
        string(FIND "${text}" "${path}" at)
        if(NOT at EQUAL -1)
            message(FATAL_ERROR "${file} names ${path}")
        endif()
    endforeach()
endforeach()

# Every public header, included in one file: none may need what is not installed.
list(TRANSFORM headers REPLACE "(.+)" "#include <\\1>\n")
list(JOIN headers "" includes)
file(WRITE ${work}/all_headers.cpp "${includes}")

run(${configure} -B ${work}/found -DCMAKE_PREFIX_PATH=${work}/moved
    -DALL_HEADERS=${work}/all_headers.cpp)
run(${CMAKE_COMMAND} --build ${work}/found)
run(${work}/found/use_cornu)
expect_output()

if(pkg_config)
    set(ENV{PKG_CONFIG_PATH} ${work}/moved/${libdir}/pkgconfig)
    execute_process(COMMAND ${pkg_config} --static --cflags --libs cornu
                    OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(flags UNIX_COMMAND "${flags}")
    run(${compiler} -std=c++20 ${here}/main.cpp ${flags} -Wl,-rpath,${work}/moved/${libdir}
        -o ${work}/by_pkg_config)
    run(${work}/by_pkg_config)
    expect_output()
endif()

# Embedded, only its lowest room is built: the whole library would take minutes once more.
run(${configure} -B ${work}/embedded -DCORNU_SOURCE=${source})
run(${CMAKE_COMMAND} --build ${work}/embedded --target cornu_base)
foreach(name IN ITEMS CORNU_TESTS CORNU_EXAMPLES CORNU_CLI CORNU_INSTALL)
    file(STRINGS ${work}/embedded/CMakeCache.txt line REGEX "^${name}:")
    if(NOT line MATCHES "=OFF$")
        message(FATAL_ERROR "an embedded Cornu must not build ${name}. Received: ${line}")
    endif()
endforeach()
