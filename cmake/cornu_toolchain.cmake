# What every target is compiled with; nothing here leaks to a project that embeds Cornu.
find_program(CORNU_CCACHE ccache)
if(CORNU_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The sloppiness is what ccache asks for with precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                                    ${CORNU_CCACHE})
endif()
find_program(CORNU_MOLD mold)
add_library(cornu_flags INTERFACE)
target_compile_options(cornu_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                                             $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    # It takes every reference that a call on a handle returns for one into the handle.
    target_compile_options(cornu_flags INTERFACE -Wno-dangling-reference)
endif()
if(CORNU_MOLD)
    target_link_options(cornu_flags INTERFACE -fuse-ld=mold)
endif()
if(CORNU_SANITIZE)
    target_compile_options(cornu_flags INTERFACE -fsanitize=${CORNU_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all)
    target_link_options(cornu_flags INTERFACE -fsanitize=${CORNU_SANITIZE})
endif()
