const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const checkCharacters = '10X98765432';
/** GB/T 2260, first two digits: provinces, municipalities, autonomous regions, and Taiwan, Hong Kong, Macau and residence permits. */
const provinces = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83'.split(' '),
);
export const residentIdInText = /(?<![\w.-])[1-8]\d{16}[\dXx](?![\w-])/y;

/**
 * Chinese resident identity number (GB 11643-1999): region, date of birth, sequence, and a check character by ISO 7064 mod 11-2.
 * The check alone passes 9 % of random numbers; region and date leave about 1 in 40,000.
 */
export function isResidentId(value: string): boolean {
  if (!/^\d{17}[\dXx]$/.test(value) || !provinces.has(value.slice(0, 2))) return false;
  const year = Number(value.slice(6, 10));
  const month = Number(value.slice(10, 12));
  const day = Number(value.slice(12, 14));
  if (year < 1900 || year > 2099 || month < 1 || month > 12) return false;
  if (day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return false;
  const sum = weights.reduce((total, weight, i) => total + weight * Number(value[i]), 0);
  return checkCharacters[sum % 11] === value[17]!.toUpperCase();
}
