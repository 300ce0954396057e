const SLOTS = 16_384;

/**
 * Slot of a key, given with a character for each byte: CRC16 (XMODEM) modulo 16384 of what stands between the first `{` and
 * the `}` behind it where that is not empty, else of the whole key, as the Cluster specification has it.
 */
export function keySlot(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (let index = 0; index < hashed.length; index += 1) {
    crc ^= hashed.charCodeAt(index) << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}
