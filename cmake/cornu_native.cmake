# Flags of the native engine's vectorised files: the same sources compiled for several instruction
# sets, one of which is chosen at run time. No other file gets machine flags. Always optimised, in
# every preset: their inline functions must be inlined (see kernels/simd.h).
set(CORNU_KERNELS ${PROJECT_SOURCE_DIR}/cornu/backends/native/kernels)
function(cornu_simd file)
    set_source_files_properties(${CORNU_KERNELS}/${file} PROPERTIES
        COMPILE_OPTIONS "-O3;-fno-math-errno;-fno-trapping-math;-Wno-psabi;${ARGN}"
        SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

cornu_simd(simd_base.cpp -ffp-contract=off)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    cornu_simd(simd_avx2.cpp -ffp-contract=fast -mavx2 -mfma)
    cornu_simd(simd_avx512.cpp -ffp-contract=fast -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma
               -mprefer-vector-width=512)
endif()

# The OpenMP runtime that oneDNN uses, so that its thread count can follow ours. It is named by its
# file: -fopenmp would pull in the compiler's own runtime, which under clang is another one.
find_library(CORNU_GOMP NAMES libgomp.so.1)
if(CORNU_GOMP)
    set_source_files_properties(${CORNU_KERNELS}/onednn.cpp PROPERTIES COMPILE_DEFINITIONS CORNU_HAS_GOMP)
else()
    set(CORNU_GOMP "")
endif()

# LAPACK does the matrix decompositions, and one file knows it. Without it they say so when they are
# asked for, and all else works.
option(CORNU_LAPACK "Matrix decompositions on the native engine, by LAPACK" ON)
set(CORNU_LAPACK_LIBRARIES "")
if(CORNU_LAPACK)
    find_library(CORNU_LAPACK_LIBRARY lapack)
    find_library(CORNU_BLAS_LIBRARY blas)
    mark_as_advanced(CORNU_LAPACK_LIBRARY CORNU_BLAS_LIBRARY)
endif()
if(CORNU_LAPACK AND CORNU_LAPACK_LIBRARY AND CORNU_BLAS_LIBRARY)
    set(CORNU_LAPACK_LIBRARIES ${CORNU_LAPACK_LIBRARY} ${CORNU_BLAS_LIBRARY})
    set(CORNU_LAPACK_PC "-llapack -lblas ")
    set_source_files_properties(${CORNU_KERNELS}/linalg.cpp PROPERTIES COMPILE_DEFINITIONS CORNU_HAS_LAPACK)
else()
    message(STATUS "Matrix decompositions are not built: no LAPACK (liblapack-dev), or CORNU_LAPACK is off")
endif()
