import type { Session } from '../day.js';

export const yoyakuRefactor: Session = {
  key: 'yoyaku-refactor',
  title: '予約画面の巨大なコンポーネントを分ける',
  project: 'yoyaku-web',
  language: 'ja',
  programmingLanguage: 'TypeScript',
  exchanges: [
    {
      user: 'BookingPage.tsx が千二百行あって誰も触りたがりません。動きを変えずに分けられますか。',
      assistant:
        'できます。最初に今の動きをテストで固定してから、画面の区切りごとに切り出しましょう。まずファイル全体と、それを使っている箇所を読みます。',
      tool: 'read',
      files: ['src/pages/BookingPage.tsx'],
    },
    {
      user: 'どこから切り出すのが安全ですか。',
      assistant:
        '料金の計算です。画面の状態に依存せず、入力と出力だけで書けます。いまは同じ計算が三か所に写されていて、そのうち一か所だけ税の端数が違います。',
      tool: 'read',
      importance: 'high',
      files: ['src/pages/BookingPage.tsx'],
    },
    {
      user: '端数が違うのはバグですか、それとも仕様ですか。',
      assistant:
        '履歴からは分かりませんでした。勝手に揃えず、違いをそのまま残したテストを書いておきます。経理の方に聞いていただけますか。',
      importance: 'high',
      files: ['src/booking/price.spec.ts'],
    },
    {
      user: '経理に聞きました。切り捨てが正しいそうです。',
      assistant:
        'では三か所とも切り捨ての一つの関数にします。金額が一円変わる予約が出るので、この変更だけは別のプルリクエストにして、説明にもそう書きます。',
      tool: 'edit',
      importance: 'high',
      files: ['src/booking/price.ts'],
    },
    {
      user: '差分を見ましたが、クラスで書かれていますね。うちは関数で書く決まりです。',
      assistant:
        '失礼しました。コーディング規約を確認せずに自分の癖で書きました。docs/coding.md を読み直し、関数と型だけの形に書き直しました。',
      tool: 'edit',
      files: ['src/booking/price.ts', 'docs/coding.md'],
    },
    {
      user: '変数名も日本語のローマ字はやめて英語でお願いします。',
      assistant:
        '直しました。ryokin は price、waribiki は discount です。同じ規約の中に、略語を使わないという項目もあったので、dt と cnt も合わせて直しています。',
      tool: 'edit',
      importance: 'low',
      files: ['src/booking/price.ts'],
    },
    {
      user: 'カレンダーの部分はどうですか。',
      assistant:
        '状態が七つの useState に分かれていて、互いに食い違う組み合わせがあり得ます。一つの reducer にまとめると、日付を選ばずに時刻だけ選んだ状態などが型の上で起きなくなります。',
      tool: 'read',
      files: ['src/pages/BookingPage.tsx'],
    },
    {
      user: 'やってみてください。',
      assistant:
        '切り出して reducer にしました。百九十行です。固定しておいた二十八のテストはすべて通り、画面の比較でも差は出ていません。実行の記録を添えます。',
      tool: 'edit',
      files: ['src/booking/calendar/CalendarPanel.tsx', 'src/booking/calendar/reducer.ts'],
    },
    {
      user: 'useBookingDraft というフックも変えましたか。頼んでいませんが。',
      assistant:
        'はい、読みやすくなると思ってついでに書き換えました。頼まれた範囲を超えています。元に戻し、気づいた点は別の提案として書き出しておきます。',
      tool: 'edit',
      files: ['src/booking/useBookingDraft.ts'],
    },
    {
      user: 'そのフック、スマホの下書き保存で使っているので危なかったです。',
      assistant:
        '使う側を読まずに編集していました。戻したあとで、下書きを保存して開き直すテストを一つ足しました。今後は、変更する関数の呼び出し元を先に全部開きます。',
      tool: 'edit',
      importance: 'high',
      files: ['src/booking/useBookingDraft.ts', 'src/booking/useBookingDraft.spec.ts'],
    },
    {
      user: '描画が遅い件も関係ありますか。',
      assistant:
        'あります。入力のたびに空き枠を全部計算し直していました。切り出したおかげで計算は日付が変わったときだけになり、入力の遅れは百二十ミリ秒から八ミリ秒になりました。手元の計測です。',
      tool: 'shell',
      files: ['src/booking/slots.ts'],
    },
    {
      user: 'console.log が二つ残っています。',
      assistant:
        '見落としました。消したうえで、lint の規則で警告ではなくエラーにしました。同じ規則で、以前からの一つも見つかりました。',
      tool: 'edit',
      importance: 'low',
      files: ['src/booking/calendar/reducer.ts'],
    },
    {
      user: '元のファイルは何行になりましたか。',
      assistant:
        '千二百行が百四十行になりました。残りは料金、カレンダー、客の情報、確認の四つのフォルダーにあり、いちばん長いものでも二百行です。',
      tool: 'shell',
      files: ['src/pages/BookingPage.tsx'],
    },
    {
      user: 'アクセシビリティも見てもらえますか。',
      assistant:
        'カレンダーの升目に読み上げ用の名前がなく、キーボードでは月を移れません。どちらも動きの変更になるので、今回の分割とは別にして、直し方の案を課題に書きました。',
      tool: 'docs',
    },
    {
      user: 'いいですね。レビューに出してください。',
      assistant:
        '四つのプルリクエストに分けました。一つ目が端数の変更、二つ目から四つ目は動きの変わらない分割です。順に読めば、どれも十五分以内で見終わると思います。',
      tool: 'git',
    },
  ],
};
