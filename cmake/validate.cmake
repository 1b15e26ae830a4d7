# Proofs that are programs of their own: validate_PROOF from tests/validate/PROOF.cc, run by ./dev validate.
if(REVENANT_ASAN)
  return()  # their figures would be the same, and late
endif()
add_executable(validate_amplification tests/validate/amplification.cc)
target_link_libraries(validate_amplification PRIVATE sim_scenario sim_disk sim_kernel engine_lsm Boost::program_options)
add_executable(validate_filters_and_caches tests/validate/filters_and_caches.cc)
target_link_libraries(validate_filters_and_caches PRIVATE engine_sstable)
