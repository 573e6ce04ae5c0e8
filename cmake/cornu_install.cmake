# `cmake --install`: the library, its public headers, a CMake package and a pkg-config file. All of it
# may be moved to another prefix afterwards. Private: engines, the command, and *_impl.h.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Cornu)
install(TARGETS cornu EXPORT CornuTargets)
install(EXPORT CornuTargets NAMESPACE cornu:: DESTINATION ${package_dir})
install(DIRECTORY cornu/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cornu FILES_MATCHING
        PATTERN "*.h" PATTERN "*_impl.h" EXCLUDE PATTERN "*for_tests.h" EXCLUDE
        PATTERN backends EXCLUDE PATTERN cli EXCLUDE)

configure_package_config_file(cmake/CornuConfig.cmake.in CornuConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
# Until 1.0 a minor version may break what compiled before.
write_basic_package_version_file(CornuConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/CornuConfig.cmake ${PROJECT_BINARY_DIR}/CornuConfigVersion.cmake
              cmake/FindOneDNN.cmake DESTINATION ${package_dir})

# From where the .pc file lies to the prefix, so that pkg-config follows a move.
cmake_path(SET pc_prefix "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}/${pc_prefix}"
           OUTPUT_VARIABLE CORNU_PC_UP)
configure_file(cmake/cornu.pc.in cornu.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cornu.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/cornu)
