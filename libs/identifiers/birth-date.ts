/** A date as written. If the year is last, the form alone does not tell whether the day or the month comes first. */
interface WrittenDate {
  readonly year: number;
  readonly first: number;
  readonly second: number;
  /** `1987-11-23`: the year first. */
  readonly isIso: boolean;
  /** `23.11.1987`: with dots, the day comes first. */
  readonly hasDots: boolean;
}

const yearFirst = /^(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)(?:T00:00:00.*)?$/;
const yearLast = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/;

function read(value: string): WrittenDate | null {
  const iso = yearFirst.exec(value);
  if (iso !== null) return { year: Number(iso[1]), first: Number(iso[2]), second: Number(iso[3]), isIso: true, hasDots: false };
  const other = yearLast.exec(value);
  if (other === null) return null;
  return { year: Number(other[3]), first: Number(other[1]), second: Number(other[2]), isIso: false, hasDots: value.includes('.') };
}

/** Whether it is a plausible date of birth, and not one of the defaults that programs write if they do not know it. */
export function isBirthDate(value: string): boolean {
  const date = read(value);
  if (date === null) return false;
  const { year, first, second } = date;
  const isDay = first >= 1 && second >= 1 && Math.min(first, second) <= 12 && Math.max(first, second) <= 31;
  const isUnknown = (year === 1900 && first === 1) || (year === 1970 && first === 1 && second === 1);
  return isDay && !isUnknown && year >= 1900 && year <= 2099;
}

/** `YYYYMMDD`. If day and month cannot be told apart, both in the order written, followed by the year. */
export function normaliseBirthDate(value: string): string {
  const date = read(value);
  if (date === null) return value;
  const { year, first, second, isIso, hasDots } = date;
  const [one, other] = [digits(first), digits(second)];
  if (second > 12 || (isIso && first <= 12)) return `${year}${one}${other}`;
  return first > 12 || hasDots ? `${year}${other}${one}` : `${one}${other}${year}`;
}

function digits(number: number): string {
  return String(number).padStart(2, '0');
}
