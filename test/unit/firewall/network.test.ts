import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, parseNetwork } from "../../../src/firewall/network.ts";

describe("networks", () => {
  it.each([
    ["10.1.2.3/24", "10.1.2.0/24"],
    ["10.1.2.3/32", "10.1.2.3"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["FD00:0:0::0001", "fd00::1"],
    ["fd00::1/64", "fd00::/64"],
    ["::", "::"],
    ["::/0", "::/0"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["2001:db8::10.1.2.3", "2001:db8::a01:203"],
  ])("%s is written %s", (written, text) => {
    expect(parseNetwork(written)?.text).toBe(text);
  });

  it.each(["", "r1", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "1.2.3.4/5/6", "any"])("%j is none", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  it("are read back from what they are written as", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(32), (address, prefix) => {
        const network = parseNetwork(`${address}/${prefix}`) ?? parseNetwork(address);
        if (!network) throw new Error(address);
        expect(parseNetwork(network.text)).toEqual(network);
        const single = parseNetwork(address);
        expect(single && covers(network, single)).toBe(true);
      }),
    );
  });
});
