# Compiler, flags and the libraries from Debian's packages.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# CHECKs stay on in every build type, so NDEBUG is never defined.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -D_GLIBCXX_ASSERTIONS")
# A multiply and an add must round twice on every machine: figures are part of the fingerprint.
add_compile_options(-ffp-contract=off -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms of GCC 12 on std::string and std::optional; Clang's build keeps watch instead.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-pointer
                      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-use-after-free
                      -Wno-free-nonheap-object)
  if(CMAKE_UNITY_BUILD)
    # It takes each source for a header, whose anonymous types would differ from file to file.
    add_compile_options(-Wno-subobject-linkage)
  endif()
else()
  # libstdc++ 12's own stable_sort calls a function it deprecates.
  add_compile_options(-Wno-deprecated-declarations)
endif()

# Left out of -fsanitize=undefined: what ends the process under -fsanitize=address anyway, or repeats its checks of
# objects' bounds. They would add a third to the compile time of the slowest build.
option(REVENANT_ASAN "Address and undefined-behaviour sanitizers" OFF)
if(REVENANT_ASAN)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
                      -fno-sanitize=null,object-size,vptr,nonnull-attribute,returns-nonnull-attribute)
  add_link_options(-fsanitize=address,undefined)
endif()

option(REVENANT_FUZZ "libFuzzer targets (Clang only)" OFF)
if(REVENANT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
endif()

find_package(Boost 1.74 REQUIRED COMPONENTS context program_options)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(SQLite3 REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
find_library(LZ4_LIBRARY lz4 REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
