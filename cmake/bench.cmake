# `revenant bench engine` runs db_bench's workloads over three stores, each in a program of its own
# (tests/bench), so that only those of LevelDB and RocksDB need their libraries. A program whose library is not
# there is not built; the command then names the package.

foreach(store leveldb rocksdb)
  string(TOUPPER ${store} STORE)
  find_library(${STORE}_LIBRARY ${store})
  find_path(${STORE}_INCLUDE ${store}/db.h)
endforeach()
if(REVENANT_ASAN)
  return()  # nothing to measure there
endif()

# bench_program(STORE LIBRARY…): bench_STORE from tests/bench/STORE.cc.
function(bench_program store)
  add_executable(bench_${store} tests/bench/${store}.cc)
  target_link_libraries(bench_${store} PRIVATE engine_base nlohmann_json::nlohmann_json ${ARGN})
endfunction()

bench_program(revenant engine_lsm engine_env_posix)
foreach(store leveldb rocksdb)
  string(TOUPPER ${store} STORE)
  if(${STORE}_LIBRARY AND ${STORE}_INCLUDE)
    bench_program(${store} ${${STORE}_LIBRARY})
  endif()
endforeach()
