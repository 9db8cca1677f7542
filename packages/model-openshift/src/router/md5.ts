const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32) | 0);

/**
 * MD5 of a text's UTF-8 bytes, in hexadecimal. The router names cookies and servers' cookie values with it.
 *
 * Written here because models run without Node's `crypto`, in a browser too; nothing secret depends on it.
 *
 * @see RFC 1321
 * @example
 * md5(" demo:web") // "7f2f61ad2dd28203e6b03cafbbe647f9"
 */
export function md5(text: string): string {
  const input = new TextEncoder().encode(text);
  const blocks = ((input.length + 8) >> 6) + 1;
  const bytes = new Uint8Array(blocks * 64);
  bytes.set(input);
  bytes[input.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, (input.length * 8) >>> 0, true);
  view.setUint32(bytes.length - 4, Math.floor(input.length / 2 ** 29), true);
  const state = new Int32Array([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476]);
  for (let offset = 0; offset < bytes.length; offset += 64) {
    let a = state[0] ?? 0;
    let b = state[1] ?? 0;
    let c = state[2] ?? 0;
    let d = state[3] ?? 0;
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      let mix: number;
      let word: number;
      if (round === 0) [mix, word] = [(b & c) | (~b & d), step];
      else if (round === 1) [mix, word] = [(d & b) | (~d & c), (5 * step + 1) % 16];
      else if (round === 2) [mix, word] = [b ^ c ^ d, (3 * step + 5) % 16];
      else [mix, word] = [c ^ (b | ~d), (7 * step) % 16];
      const sum = (a + mix + (SINES[step] ?? 0) + view.getInt32(offset + word * 4, true)) | 0;
      const shift = SHIFTS[round * 4 + (step % 4)] ?? 0;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    state[0] = ((state[0] ?? 0) + a) | 0;
    state[1] = ((state[1] ?? 0) + b) | 0;
    state[2] = ((state[2] ?? 0) + c) | 0;
    state[3] = ((state[3] ?? 0) + d) | 0;
  }
  const out = new DataView(new ArrayBuffer(16));
  state.forEach((value, index) => out.setInt32(index * 4, value, true));
  return Array.from(new Uint8Array(out.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
