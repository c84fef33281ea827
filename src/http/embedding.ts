import { endianness } from 'node:os';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { declareField, refuse, Refusal, type FieldOptions } from './field.js';
import { pointerTo } from './pointer.js';

const BYTES_PER_NUMBER = 4;

/**
 * Cosine distance is computed from squares and products in float32. Between these lengths (Euclidean norms) none of them
 * overflows or vanishes; outside, a vector of ordinary finite numbers would get the distance NaN to everything.
 */
const SHORTEST = 1e-18;
const LONGEST = 1e18;

/**
 * An embedding vector: exactly `dimensions` numbers, or base64 (standard alphabet) of as many little-endian float32, as embedding
 * APIs send it. The service gets a Float32Array, made in the one pass that checks it.
 */
export function EmbeddingField(options: FieldOptions<string | readonly number[]> & { dimensions: number }): PropertyDecorator {
  const { dimensions } = options;
  const digits = Math.ceil((dimensions * BYTES_PER_NUMBER * 4) / 3);
  return declareField({ read: (value) => readEmbedding(value, dimensions) }, options, {
    // Gives way to `oneOf`; without it Float32Array would be described as a class.
    type: 'string',
    oneOf: [
      { type: 'array', items: { type: 'number' }, minItems: dimensions, maxItems: dimensions },
      { type: 'string', contentEncoding: 'base64', minLength: digits, maxLength: Math.ceil(digits / 4) * 4 },
    ],
  } as ApiPropertyOptions);
}

export function readEmbedding(value: unknown, dimensions: number): Float32Array | Refusal {
  const vector = Array.isArray(value)
    ? fromNumbers(value, dimensions)
    : typeof value === 'string'
      ? fromBase64(value, dimensions)
      : refuse(`must be a list of ${dimensions} numbers, or base64 of ${dimensions} little-endian float32`);
  return vector instanceof Refusal ? vector : measured(vector);
}

function fromNumbers(values: readonly unknown[], dimensions: number): Float32Array | Refusal {
  if (values.length !== dimensions) return refuse(`must have exactly ${dimensions} numbers; it has ${values.length}`);
  const vector = new Float32Array(dimensions);
  for (let i = 0; i < dimensions; i++) {
    const value = values[i];
    if (typeof value !== 'number' || !Number.isFinite(value)) return refuse('must be a finite number', pointerTo(i));
    vector[i] = value;
  }
  return vector;
}

function fromBase64(text: string, dimensions: number): Float32Array | Refusal {
  const size = dimensions * BYTES_PER_NUMBER;
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  const padded = digits !== text.length;
  const bytes = Math.floor((digits * 3) / 4);
  if (bytes !== size || digits % 4 === 1 || (padded && text.length % 4 !== 0)) {
    return refuse(`must be base64 of exactly ${size} bytes (${dimensions} little-endian float32); it is ${text.length} characters long`);
  }
  const vector = new Float32Array(dimensions);
  const target = Buffer.from(vector.buffer);
  // Node's decoder skips what is not base64 (so fewer bytes come out) but takes the URL alphabet for the standard one.
  if (target.write(text, 'base64') !== size || text.includes('-') || text.includes('_')) {
    return refuse('must be base64 in the standard alphabet (A–Z, a–z, 0–9, + and /), without spaces or line breaks');
  }
  if (endianness() === 'BE') target.swap32();
  return vector;
}

/** NaN and infinities, from base64 or from numbers beyond float32, all show in the sum of squares. */
function measured(vector: Float32Array): Float32Array | Refusal {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  if (!Number.isFinite(sum)) {
    return refuse('must be a finite number within the range of float32', pointerTo(vector.findIndex((x) => !Number.isFinite(x))));
  }
  if (sum === 0) return refuse('must not be all zeros: a zero vector has no direction to compare');
  const length = Math.sqrt(sum);
  if (length < SHORTEST || length > LONGEST) {
    return refuse(`must have a length (Euclidean norm) from ${SHORTEST} to ${LONGEST.toExponential()}, or its distances cannot be computed; it is ${length.toExponential(2)}`);
  }
  return vector;
}
