import { z } from 'zod';

/** A setting with a whole number in digits; nobody means `Number('')` or `Number('1e3')`. */
export function wholeNumber(unit: string, min: number, max: number) {
  return {
    allowed: `${unit}, ${min} to ${max}`,
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max)),
  };
}

/** The same with a default. */
export function wholeNumberOr(defaultNumber: number, unit: string, min: number, max: number) {
  const { allowed, schema } = wholeNumber(unit, min, max);
  return { allowed, schema: schema.default(defaultNumber) };
}

/** The same without one. */
export function optionalNumber(unit: string, min: number, max: number) {
  const { allowed, schema } = wholeNumber(unit, min, max);
  return { allowed, schema: schema.optional() };
}
