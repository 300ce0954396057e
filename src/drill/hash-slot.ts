import { SLOTS, type SlotRange } from "../topology/parse/slots.ts";

/** Slot of a key without braces: CRC16 (XMODEM) modulo 16384, as the Cluster specification has it. */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}

/** A hash tag whose keys fall into one of these slots; undefined where there are none. */
export function tagFor(slots: readonly SlotRange[]): string | undefined {
  if (slots.length === 0) return undefined;
  for (let n = 0; ; n += 1) {
    const slot = slotOf(String(n));
    if (slots.some(([from, to]) => slot >= from && slot <= to)) return String(n);
  }
}
