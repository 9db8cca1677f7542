const roots = new Map<number, { readonly cos: Float64Array; readonly sin: Float64Array }>();

/** Cosines and sines of the n-th roots of unity, made once for each length. */
function rootsOf(n: number): { readonly cos: Float64Array; readonly sin: Float64Array } {
  let found = roots.get(n);
  if (found === undefined) {
    const angle = (2 * Math.PI) / n;
    found = { cos: Float64Array.from({ length: n / 2 }, (_, k) => Math.cos(angle * k)), sin: Float64Array.from({ length: n / 2 }, (_, k) => Math.sin(angle * k)) };
    roots.set(n, found);
  }
  return found;
}

/** In-place radix-2 Fourier transform of a complex vector whose length is a power of two. */
export function fourier(re: Float64Array, im: Float64Array, inverse = false): void {
  const n = re.length;
  const { cos, sin } = rootsOf(n);
  const sign = inverse ? 1 : -1;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const swapRe = re[i] ?? 0;
      const swapIm = im[i] ?? 0;
      re[i] = re[j] ?? 0;
      im[i] = im[j] ?? 0;
      re[j] = swapRe;
      im[j] = swapIm;
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const stride = n / size;
    const half = size >> 1;
    for (let start = 0; start < n; start += size) {
      for (let k = 0; k < half; k++) {
        const c = cos[k * stride] ?? 0;
        const s = sign * (sin[k * stride] ?? 0);
        const a = start + k;
        const b = a + half;
        const xr = (re[b] ?? 0) * c - (im[b] ?? 0) * s;
        const xi = (re[b] ?? 0) * s + (im[b] ?? 0) * c;
        re[b] = (re[a] ?? 0) - xr;
        im[b] = (im[a] ?? 0) - xi;
        re[a] = (re[a] ?? 0) + xr;
        im[a] = (im[a] ?? 0) + xi;
      }
    }
  }
  if (!inverse) return;
  for (let i = 0; i < n; i++) {
    re[i] = (re[i] ?? 0) / n;
    im[i] = (im[i] ?? 0) / n;
  }
}
