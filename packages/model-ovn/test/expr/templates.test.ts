import { describe, expect, it } from "vitest";
import { expandTemplates } from "../../src/expr/index.ts";

describe("template variables", () => {
  const variables = new Map([["NODEIP_IPv4_0", "192.168.126.10"], ["backends", "10.0.0.1:80,10.0.0.2:80"]]);

  it("leaves a text without any as it is", () => {
    expect(expandTemplates("ip4 /* all */", variables)).toBe("ip4 /* all */");
  });

  it("writes the tokens of any other without blanks", () => {
    expect(expandTemplates('ct.new && ip4.dst == ^NODEIP_IPv4_0 && inport != "a b"', variables)).toBe('ct.new&&ip4.dst==192.168.126.10&&inport!="a b"');
    expect(expandTemplates("ct_lb_mark(backends=^backends; force_snat);", variables)).toBe("ct_lb_mark(backends=10.0.0.1:80,10.0.0.2:80;force_snat);");
  });

  it("puts the bare name for one that has no value", () => {
    expect(expandTemplates("ip4.dst == ^OTHER", variables)).toBe("ip4.dst==OTHER");
  });
});
