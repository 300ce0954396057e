import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

/**
 * The payload of an age file (https://age-encryption.org/v1): after a nonce of 16 bytes, pieces of 64 KiB, each sealed
 * with ChaCha20-Poly1305 under a key of HKDF(file key, nonce). The nonce of a piece is its number in 11 bytes and one
 * that marks the last piece, so that pieces can neither be swapped nor cut off. Written with the cipher of Node itself:
 * ten times as fast as one in JavaScript.
 */
export const NONCE_BYTES = 16;
const PIECE = 64 * 1024;
const TAG = 16;
const CIPHER = "chacha20-poly1305";

export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", fileKey, nonce, "payload", 32));
}

/** What becomes of one piece. Both buffers are used again after the call. */
type Turn = (nonce: Buffer, piece: Buffer) => Buffer;

/** Cuts what comes into pieces of one size and turns each once it is known whether it is the last. */
export class Pieces {
  readonly #turn: Turn;
  readonly #piece: Buffer;
  readonly #counter = Buffer.alloc(12);
  #used = 0;
  #done = 0;

  constructor(size: number, turn: Turn) {
    this.#turn = turn;
    this.#piece = Buffer.allocUnsafeSlow(size);
  }

  feed(chunk: Buffer, emit: (turned: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#used === this.#piece.length) emit(this.#next(false));
      const taken = Math.min(this.#piece.length - this.#used, chunk.length - at);
      chunk.copy(this.#piece, this.#used, at, at + taken);
      this.#used += taken;
      at += taken;
    }
  }

  end(): Buffer {
    const turned = this.#next(true);
    // Only nothing at all is written as an empty piece.
    if (this.#done > 1 && turned.length === 0) throw new Error("its last piece is empty");
    return turned;
  }

  #next(last: boolean): Buffer {
    this.#counter.writeUIntBE(this.#done, 5, 6);
    this.#counter[11] = last ? 1 : 0;
    const turned = this.#turn(this.#counter, this.#piece.subarray(0, this.#used));
    this.#done += 1;
    this.#used = 0;
    return turned;
  }
}

/** Seals plain bytes. */
export function sealing(key: Buffer): Pieces {
  return new Pieces(PIECE, (nonce, piece) => {
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG });
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  });
}

/** Opens sealed bytes; throws where a piece is not the one that was sealed in its place. */
export function opening(key: Buffer): Pieces {
  return new Pieces(PIECE + TAG, (nonce, piece) => {
    if (piece.length < TAG) throw new Error("it ends early");
    const end = piece.length - TAG;
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG });
    decipher.setAuthTag(piece.subarray(end));
    return Buffer.concat([decipher.update(piece.subarray(0, end)), decipher.final()]);
  });
}
