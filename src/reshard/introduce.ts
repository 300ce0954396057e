import type { NodeView, Reach } from "./cluster-view.ts";

/**
 * Has a node meet these. It is told to the one that comes: a member that was told a wrong address would go on trying it in front
 * of everybody. `addressOf` says where a member is whose own address the cluster does not know yet.
 */
export async function introduce(
  { instance }: NodeView,
  members: readonly NodeView[],
  { connect, signal }: Reach,
  addressOf: (instance: string) => string = () => "",
): Promise<void> {
  const connection = await connect(instance);
  for (const { instance: member, nodeId, lines } of members) {
    const line = lines.find(({ id }) => id === nodeId);
    const address = line?.address === "" ? addressOf(member) : line?.address;
    if (!line || address === undefined || address === "") continue;
    const bus = line.busPort === null ? [] : [String(line.busPort)];
    await connection.command(["CLUSTER", "MEET", address, String(line.port), ...bus], { signal });
  }
}
