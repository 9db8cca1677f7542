import { describe, expect, it } from "vitest";
import { cases, differences, present, randomCases, randomDifferences } from "./_case.ts";

if (!present) console.log("istiod-xds corpus not found; set HOPSCOPE_CORPORA");

/** The curated cases that are equal for every proxy, by number. */
const EQUAL = new Set("001 002 003 004 005 006 007 008 009 011 012 014 015 017 018 020 021 023 024 026 027 029 030 032 033 035 036 038 039 041 042 044 045 047 048 050 051 053 054 056 057 059 060 062 063 065 066 068 069 071 072 074 075 077 078 080 081 083 084 086 087 089 090 092 093 095 096 098 099 101 102 104 105 107 108 110 111 113 114 116 117 119 120 122 123 125 126 128 129 131 132 134 135 137 138 140 141 143 144 146 147 149 150 152 153 155 156 158 159 161 162 164 165 167 168 170 171 173 174 176 177 179 180 182 183".split(" "));

/** The random cases that are equal for every proxy, by number. */
const RANDOM_EQUAL = new Set("001 002 005 006 009 010 013 014 017 018 021 022 025 026 029 030 033 034 037 038 041 042 045 046 049 050 053 054 057 058 061 062 065 066 069 070 073 074 077 078 081 082 085 086 089 090 093 094 097 098 101 102 105 106 109 110 113 114 117 118 121 122 125 126 129 130 133 134 137 138 141 142 145 146 149".split(" "));

describe.skipIf(!present)("istiod's own output", () => {
  it.each(cases.filter((name) => EQUAL.has(name.slice(0, 3))))("is reproduced for %s", (name) => {
    expect(differences(name)).toEqual([]);
  });

  it.each(randomCases.filter((name) => RANDOM_EQUAL.has(name.slice(0, 3))))("is reproduced for random %s", (name) => {
    expect(randomDifferences(name)).toEqual([]);
  });
});
