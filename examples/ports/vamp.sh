# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The Vamp plugin SDK, by its configure and makefile: a C++ program that searches folders for libraries, opens them, makes the
# plugins in them by their factories, and writes down what they are; and the SDK's own plugins.
packages=(vamp-plugin-sdk=2.10.0-3)
environment=(VAMP_PATH)

build() {
  cd vamp-plugin-sdk-2.10.0
  ./configure $HOST --disable-programs CC="$CC" CXX="$CXX" AR="$AR" RANLIB="$RANLIB" CXXFLAGS="-O2 -fPIC"
  make -j"$jobs" LDFLAGS=-rdynamic AR="$AR" RANLIB="$RANLIB" sdkstatic plugins rdfgen
}

# Each plugin that it finds, and what all of them are.
check() {
  cd vamp-plugin-sdk-2.10.0
  export VAMP_PATH=./examples
  run rdf/generator/vamp-rdf-template-generator http://example.org/plugins vamp-example-plugins
  local plugin
  for plugin in amplitudefollower fixedtempo percussiononsets powerspectrum spectralcentroid zerocrossing none; do
    run rdf/generator/vamp-rdf-template-generator http://example.org/plugins "vamp-example-plugins:$plugin" 2>&1 ||
      echo "$plugin: $?"
  done
}
