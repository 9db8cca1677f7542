function utf8(text: string): number[] {
  const codes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return [...new TextEncoder().encode(text)];
    codes.push(code);
  }
  return codes;
}

/**
 * The name OVN-Kubernetes gives to what has too long a name for OVN: `a` and the FNV-1a hash of it.
 *
 * @see ovn-kubernetes go-controller/pkg/util/util.go HashForOVN, 2023-10-31
 * @example
 * hashForOvn("default") // "a16982411286042166782"
 */
export function hashForOvn(text: string): string {
  // 64 bits in two halves; the prime is 2^40 + 0x1b3.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of utf8(text)) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + ((mixed << 8) >>> 0)) % 2 ** 32;
    low = product % 2 ** 32;
  }
  return `a${(BigInt(high) << 32n) | BigInt(low)}`;
}

/** The bytes of the SHA-256 digest of a text. */
export function sha256(text: string): number[] {
  const message = utf8(text);
  const length = message.length * 8;
  message.push(0x80);
  while (message.length % 64 !== 56) message.push(0);
  for (let shift = 56; shift >= 0; shift -= 8) message.push(shift >= 32 ? 0 : (length >>> shift) & 0xff);
  const state = Uint32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
  const constants = primes(64).map(cubeRootFraction);
  const schedule = new Uint32Array(64);
  const rotate = (value: number, by: number): number => (value >>> by) | (value << (32 - by));
  for (let start = 0; start < message.length; start += 64) {
    for (let i = 0; i < 16; i++) {
      const at = start + 4 * i;
      schedule[i] = ((message[at] ?? 0) << 24) | ((message[at + 1] ?? 0) << 16) | ((message[at + 2] ?? 0) << 8) | (message[at + 3] ?? 0);
    }
    for (let i = 16; i < 64; i++) {
      const x = schedule[i - 15] ?? 0;
      const y = schedule[i - 2] ?? 0;
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      schedule[i] = (schedule[i - 16] ?? 0) + s0 + (schedule[i - 7] ?? 0) + s1;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const first = (h + s1 + ((e & f) ^ (~e & g)) + (constants[i] ?? 0) + (schedule[i] ?? 0)) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i] ?? 0) + value));
  }
  return [...state].flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}

/** The first 32 bits behind the point. */
const fraction = (value: number): number => Math.floor((value - Math.floor(value)) * 2 ** 32);

/** The first 32 bits behind the point of a cube root, exact: floating point is a bit short for some primes. */
function cubeRootFraction(prime: number): number {
  const target = BigInt(prime) << 96n;
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle * middle * middle <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}
