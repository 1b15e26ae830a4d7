# Fuzz targets: tests/fuzz/NAME_fuzz.cc (tests/fuzz/fuzz.h). Every build has fuzz_replay_NAME, which runs the committed
# corpus as a test; the `fuzz` preset has libFuzzer's fuzz_NAME besides, and a short run of each as a test.

foreach(name wal sstable manifest block)
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  add_executable(fuzz_replay_${name} tests/fuzz/${name}_fuzz.cc tests/fuzz/replay_main.cc)
  target_link_libraries(fuzz_replay_${name} PRIVATE engine_lsm)
  add_test(NAME ${prefix}fuzz/${name}.corpus COMMAND fuzz_replay_${name} ${corpus})
  if(REVENANT_FUZZ)
    add_executable(fuzz_${name} tests/fuzz/${name}_fuzz.cc)
    target_link_libraries(fuzz_${name} PRIVATE engine_lsm)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    # Finds go to the build folder: a first folder that does not exist yet must.
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name})
    add_test(NAME fuzz/${name}.short
             COMMAND fuzz_${name} -max_total_time=10 ${CMAKE_BINARY_DIR}/corpus/${name} ${corpus})
  endif()
endforeach()
add_executable(fuzz_make_seeds EXCLUDE_FROM_ALL tests/fuzz/make_seeds.cc)
target_link_libraries(fuzz_make_seeds PRIVATE engine_lsm)
