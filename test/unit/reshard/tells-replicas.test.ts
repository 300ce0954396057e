import { expect, it } from "vitest";
import { tellsReplicas } from "../../../src/reshard/tells-replicas.ts";

it.each([
  ["redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:7.2.8\r\n", false],
  ["redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n", true],
  ["redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:10.0.0\r\n", true],
  ["redis_version:8.0.2\r\n", false],
])("of %j, replicas are told of slots on their way: %s", (info, told) => {
  expect(tellsReplicas(info)).toBe(told);
});
