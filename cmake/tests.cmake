# tests/ mirrors the tree: tests/engine/wal/*_test.cc become the executable test_engine_wal, linked to the
# layer it tests, to what supports its tests and to GoogleTest. Each test is a ctest entry of its own, and so is
# each tests/**/*_test.py, run by a Python that has what the plots need.
enable_testing()
include(GoogleTest)

set(REVENANT_PYTHON /usr/bin/python3 CACHE FILEPATH "Python with matplotlib, NumPy and pandas; ./dev finds one")

# What the tests of a folder may use besides its layer: those of the storage engine run on the simulator's kernel and
# disk, or on real files; the others on whole worlds. Kept apart so that the former build without the simulator.
set(engine_support sim_kernel sim_disk engine_env_posix)
set(world_support sim_world sim_check engine_env_posix)
set(history_support sim_check_certificate)

# ./dev test runs two builds as one: the name of a failed test tells which build it failed in.
if(REVENANT_ASAN)
  set(prefix asan/)
endif()

# test_folder(FOLDER TARGET…): the tests in tests/FOLDER, linked to TARGETs.
function(test_folder folder)
  file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*_test.cc)
  if(sources)
    string(REPLACE "/" "_" target test_${folder})
    add_executable(${target} ${sources})
    if(folder MATCHES "^engine/(base|env|wal|sstable|lsm|ring)")
      set(support ${engine_support})
    elseif(folder MATCHES "^sim/(history|check/)")
      set(support ${history_support})
    else()
      set(support ${world_support})
    endif()
    target_link_libraries(${target} PRIVATE ${ARGN} ${support} GTest::gtest_main GTest::gmock)
    target_compile_definitions(${target} PRIVATE REVENANT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_is_cold(${target})  # but not what it tests
    if(REVENANT_ASAN)
      # Halves what is left of its compile time; what it tests keeps its checks of undefined behaviour.
      target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
    endif()
    gtest_discover_tests(${target} TEST_PREFIX "${prefix}${folder}/" DISCOVERY_TIMEOUT 120)
  endif()
endfunction()

get_property(layers GLOBAL PROPERTY REVENANT_LAYERS)
foreach(folder ${layers})
  string(REPLACE "/" "_" layer ${folder})
  test_folder(${folder} ${layer})
endforeach()

# The same histories against other people's stores, where their libraries are.
if(LEVELDB_LIBRARY AND LEVELDB_INCLUDE AND ROCKSDB_LIBRARY AND ROCKSDB_INCLUDE)
  test_folder(differential engine_lsm sim_disk ${LEVELDB_LIBRARY} ${ROCKSDB_LIBRARY})
else()
  message(STATUS "Without libleveldb-dev and librocksdb-dev: no differential tests")
endif()

# Each shipped scenario: its fingerprint is the golden one, on every build; and all points of its sweep keep its
# promises, which says the same on every build, so the fast one tells.
file(GLOB scenarios CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/scenarios scenarios/*.json scenarios/pitfalls/*.json)
list(REMOVE_ITEM scenarios schema.json)
foreach(file ${scenarios})
  string(REPLACE ".json" "" name ${file})
  add_test(NAME ${prefix}scenarios/${name}.fingerprint WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
           COMMAND ${REVENANT_PYTHON} -B tests/scenarios/golden.py $<TARGET_FILE:revenant> ${name})
  if(NOT REVENANT_ASAN)
    string(REPLACE "/" "_" results ${name}.sqlite)
    set(results ${CMAKE_BINARY_DIR}/${results})
    add_test(NAME scenarios/${name}.promises WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
             COMMAND sh -c "rm -f ${results} && $<TARGET_FILE:revenant> sweep scenarios/${file} --seeds 1..2 -j 1 --out ${results}")
  endif()
endforeach()

# Each entry of the atlas, with its guard and without it.
file(GLOB entries CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/scenarios scenarios/resurrection/*.json)
foreach(file ${entries})
  string(REPLACE ".json" "" name ${file})
  add_test(NAME ${prefix}scenarios/${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
           COMMAND revenant atlas scenarios/${file} --seeds 1..2 -j 1)
endforeach()

# Python tests say the same under every compiler; under a sanitizer they would only take longer.
if(NOT REVENANT_ASAN)
  file(GLOB_RECURSE python_tests CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests tests/*_test.py)
  foreach(file ${python_tests})
    string(REPLACE "_test.py" "" name ${file})
    add_test(NAME ${name} COMMAND ${REVENANT_PYTHON} -B ${PROJECT_SOURCE_DIR}/tests/${file})
    set_tests_properties(${name} PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} LABELS python
                         ENVIRONMENT "REVENANT=$<TARGET_FILE:revenant>")
  endforeach()
endif()
