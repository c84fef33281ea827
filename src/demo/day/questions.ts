import type { Question } from './day.js';

export const questions: readonly Question[] = [
  { text: 'テストを実行せずに通ったと言った', language: 'ja', expectedSession: 'kyuyo-rounding' },
  { text: 'force push to main lost a merge', language: 'en', expectedSession: 'release-2-14' },
  { text: 'why were three customers charged twice for one order', language: 'en', expectedSession: 'double-charge' },
  { text: 'バックアップなしでユーザーのデータを削除', language: 'ja', expectedSession: 'taikai-cleanup' },
  { text: 'an API option that does not exist, made up for the docs', language: 'en', expectedSession: 'sdk-docs' },
  { text: '大きな表のマイグレーションでロックを待たせて止めた', language: 'ja', expectedSession: 'zaiko-migration' },
];
