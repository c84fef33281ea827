/**
 * pgvector's binary form of a vector: number of dimensions and a reserved zero (2 × int16), then the elements as
 * float32, all big-endian. A Buffer is sent as a binary parameter, which spares printing and parsing 1,536 decimals.
 */
export function vectorToBinary(vector: Float32Array): Buffer {
  const binary = Buffer.allocUnsafe(4 + 4 * vector.length);
  binary.writeUInt16BE(vector.length, 0);
  binary.writeUInt16BE(0, 2);
  for (let i = 0, at = 4; i < vector.length; i++, at += 4) binary.writeFloatBE(vector[i] ?? 0, at);
  return binary;
}

/** pgvector's text form, `[0.1,0.2]`, as it comes back in rows. */
export function vectorFromText(text: string): number[] {
  return JSON.parse(text) as number[];
}
