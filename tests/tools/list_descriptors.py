#!/usr/bin/env python3
"""Writes a C table of all message descriptors that the given protoc-c headers declare: list_descriptors.py OUT HEADER..."""
import re, sys

out, headers = sys.argv[1], sys.argv[2:]
names = [name for header in headers
         for name in re.findall(r"^extern const ProtobufCMessageDescriptor (\w+);", open(header).read(), re.M)]
with open(out, "w") as file:
    file.write('#include "tests/tools/descriptors.h"\n')
    file.writelines(f"extern const ProtobufCMessageDescriptor {name};\n" for name in names)
    file.write("const ProtobufCMessageDescriptor *const test_descriptors[] = {\n")
    file.writelines(f"    &{name},\n" for name in names)
    file.write("    NULL,\n};\n")
