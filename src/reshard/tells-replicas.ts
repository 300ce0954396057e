/**
 * Whether a server tells its replicas of slots on their way, and holds SETSLOT back while it hands over: Valkey 8 and later. Takes
 * what it answers to INFO or INFO server.
 */
export function tellsReplicas(info: string): boolean {
  return Number(/^valkey_version:(\d+)/m.exec(info)?.[1] ?? 0) >= 8;
}
