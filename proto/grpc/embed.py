#!/usr/bin/env python3
"""Writes a file as a C array: embed.py INPUT OUTPUT NAME defines NAME and NAME_len."""
import sys

source, target, name = sys.argv[1:4]
with open(source, "rb") as file:
    data = file.read()
rows = [", ".join(f"0x{byte:02x}" for byte in data[at : at + 16]) for at in range(0, len(data), 16)]
with open(target, "w", encoding="ascii") as file:
    file.write("#include <stddef.h>\n#include <stdint.h>\n")
    file.write(f"extern const uint8_t {name}[];\nextern const size_t {name}_len;\n")
    file.write(f"const uint8_t {name}[] = {{\n" + ",\n".join(rows) + f"\n}};\nconst size_t {name}_len = {len(data)};\n")
