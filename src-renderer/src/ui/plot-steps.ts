/** How far marks of an axis may be apart: no two beside each other may read the same. */
const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Seconds: a clock shows no part of one. */
export const timeSteps: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((many) => many * minute),
  ...[1, 2, 3, 6, 12].map((many) => many * hour),
  ...[1, 2, 5, 10, 30, 60, 120].map((many) => many * day),
]

/** Whole numbers, so that what is written short with one digit after the point is still the number. */
export const countSteps: readonly number[] = Array.from({ length: 15 }, (_, zeros) =>
  [1, 2, 5].map((many) => many * 10 ** zeros),
).flat()

/** Bytes in units of 1,024: halves and quarters of a unit are round, its tenths are not. */
export const byteSteps: readonly number[] = Array.from({ length: 50 }, (_, power) => 2 ** power)
