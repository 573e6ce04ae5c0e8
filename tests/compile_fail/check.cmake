# cmake -D compiler=… -D include=… -D case=… -P check.cmake: see CMakeLists.txt.
cmake_minimum_required(VERSION 3.22)

file(STRINGS ${case} first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// error: (.+)$")
    message(FATAL_ERROR "${case} must begin with `// error: REGEX`. Received: ${first_line}")
endif()
set(expected ${CMAKE_MATCH_1})

function(compile out_status out_message)
    execute_process(COMMAND ${compiler} -std=c++20 -fsyntax-only -I${include} ${ARGN} ${case}
                    RESULT_VARIABLE status ERROR_VARIABLE message OUTPUT_VARIABLE message)
    set(${out_status} ${status} PARENT_SCOPE)
    set(${out_message} "${message}" PARENT_SCOPE)
endfunction()

compile(status message)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "the right use in ${case} must compile, but:\n${message}")
endif()
compile(status message -DMISUSE)
if(status EQUAL 0)
    message(FATAL_ERROR "the misuse in ${case} compiles")
elseif(NOT message MATCHES "${expected}")
    message(FATAL_ERROR "the misuse in ${case} is refused, but not by `${expected}`:\n${message}")
endif()
