import type { Session } from '../day.js';

export const zaikoMigration: Session = {
  key: 'zaiko-migration',
  title: '在庫テーブルの数量カラムを分割するマイグレーション',
  project: 'soko',
  language: 'ja',
  programmingLanguage: 'Kotlin',
  exchanges: [
    {
      user: '在庫テーブルの quantity を「実在庫」と「引当済み」に分けたいです。本番は八百万行あります。どう進めますか。',
      assistant:
        '一度に変えず、三回のリリースに分けるのが安全です。まず新しいカラムを NULL 許容で追加し、次に両方へ書き込みながら過去の行を埋め、最後に古いカラムを消します。',
      tool: 'read',
      importance: 'high',
      files: ['db/migration/V31__stock.sql'],
    },
    {
      user: 'カラムの追加だけなら止めずにできますか。',
      assistant:
        'はい、既定値が定数であれば表の書き換えは起きません。ただしロックは一瞬必要なので、lock_timeout を二秒にして、取れなければやり直す形にします。',
    },
    {
      user: 'では最初のマイグレーションを書いてください。',
      assistant:
        'V32 を書きました。カラムを二つ追加するだけで、NOT NULL も CHECK もまだ付けていません。手元の PostgreSQL 17 で適用と取り消しを二往復しました。',
      tool: 'edit',
      files: ['db/migration/V32__split_quantity.sql'],
    },
    {
      user: 'ステージングで流したら、注文の API が三十秒固まりました。何をしましたか。',
      assistant:
        '申し訳ありません。実際に流した版から lock_timeout の行が抜けていました。集計の長いトランザクションを待つ間、後ろに並んだ注文の問い合わせまで全部止めてしまいました。',
      tool: 'shell',
      importance: 'critical',
      files: ['db/migration/V32__split_quantity.sql'],
    },
    {
      user: 'lock_timeout なしで大きな表を変更しないという約束でしたよね。',
      assistant:
        'その通りです。ロックの待ち時間を決めずに大きな表のマイグレーションを流した失敗として記録しました。今後は、lock_timeout のない ALTER TABLE を CI が拒否するようにします。',
      tool: 'memory',
      importance: 'critical',
    },
    {
      user: 'CI の確認はどう作りますか。',
      assistant:
        'マイグレーションの SQL を読み、ALTER TABLE より前に lock_timeout の設定がなければ失敗させます。構文解析は使わず、一行ずつ見る四十行ほどのテストです。過去の三十一本のうち、引っかかるのは二本でした。',
      tool: 'edit',
      importance: 'high',
      files: ['src/test/kotlin/MigrationRulesTest.kt'],
    },
    {
      user: '過去の行を埋める処理はどうしますか。',
      assistant:
        '主キーの順に五千行ずつ更新し、一回ごとにコミットします。レプリカの遅延が五秒を超えたら待ちます。ステージングでは二十六分で終わりました。',
      tool: 'edit',
      importance: 'high',
      files: ['src/main/kotlin/soko/StockBackfill.kt'],
    },
    {
      user: '途中で落ちたら最初からですか。',
      assistant:
        'いいえ、最後に終わった主キーを進捗の表に残すので、続きから再開します。同じ行を二度埋めても結果は変わりません。途中で止めて再開するテストも書きました。',
      tool: 'edit',
      files: ['src/main/kotlin/soko/StockBackfill.kt'],
    },
    {
      user: '引当済みの数が合わない倉庫があると報告がありました。',
      assistant:
        '調べます。大阪の倉庫だけ、返品の行で引当が引かれていません。埋める処理ではなく、もともと返品のコードが引当を戻していなかったようです。',
      tool: 'read',
      importance: 'high',
      files: ['src/main/kotlin/soko/ReturnService.kt'],
    },
    {
      user: 'いつからですか。',
      assistant:
        '行の履歴を見ると、昨年十月の「返品の簡略化」という変更からです。影響は四百十二件で、一覧を CSV にしました。直す前に倉庫の担当者に確認していただけますか。',
      tool: 'shell',
      importance: 'high',
      files: ['reports/osaka-returns.csv'],
    },
    {
      user: '確認しました。直してください。',
      assistant:
        '返品のときに引当を戻すよう直し、四百十二件の補正は別のマイグレーションにしました。補正の前後で倉庫ごとの合計を比べ、差がちょうど返品の数になることを確かめています。',
      tool: 'edit',
      importance: 'high',
      files: ['src/main/kotlin/soko/ReturnService.kt', 'db/migration/V33__return_fix.sql'],
    },
    {
      user: 'NOT NULL はいつ付けますか。',
      assistant:
        '全行が埋まったあと、まず NOT VALID の CHECK を付けて検証だけ別に流します。検証は読み書きを止めません。そのあとの SET NOT NULL は CHECK のおかげで一瞬で終わります。',
      files: ['db/migration/V34__stock_not_null.sql'],
    },
    {
      user: '索引も必要ですよね。',
      assistant:
        '倉庫と商品の組で一つ必要です。CREATE INDEX CONCURRENTLY を使うので、この一本だけトランザクションの外で流します。失敗して無効な索引が残った場合の片付けも手順に書きました。',
      tool: 'docs',
      files: ['docs/runbooks/stock-split.md'],
    },
    {
      user: '古い quantity カラムはいつ消せますか。',
      assistant:
        '読む側がなくなってから二週間後を提案します。今は帳票が一つだけ残っています。消す直前に、そのカラムを読む問い合わせがないことを統計で確かめます。',
      tool: 'read',
      files: ['src/main/kotlin/soko/report/MonthlyReport.kt'],
    },
    {
      user: 'ありがとう。次の担当への引き継ぎを書いておいてください。',
      assistant:
        '残りは V34 の適用、帳票の書き換え、二週間後のカラム削除の三つです。ロックの決まりと大阪の返品の件も、なぜそうなったかが分かるように記憶に残しました。',
      tool: 'memory',
    },
  ],
};
