import type { Session } from '../day.js';

export const taikaiCleanup: Session = {
  key: 'taikai-cleanup',
  title: '退会した会員のデータを片付ける',
  project: 'kaiin-api',
  language: 'ja',
  programmingLanguage: 'Ruby',
  exchanges: [
    {
      user: '退会から一年たった会員のデータを消す処理を作りたいです。法務の条件は docs/privacy.md にあります。',
      assistant:
        '読みました。会員の氏名と住所は一年で消し、購入の記録は七年残す、とあります。消すのではなく、購入の行から個人を特定できる部分を外す作りになります。',
      tool: 'read',
      importance: 'high',
      files: ['docs/privacy.md', 'app/models/member.rb'],
    },
    {
      user: '対象は何人くらいですか。',
      assistant:
        '条件に合うのは四千八百十二人です。そのうち三十九人は再入会しているので、対象から外すべきだと思います。数えるだけの問い合わせで、何も変えていません。',
      tool: 'shell',
    },
    {
      user: 'まずステージングで試してください。',
      assistant:
        '試したのですが、接続先の確認が足りず、検証用の会員テーブルから二百人分を消してしまいました。しかも先にバックアップを取っていませんでした。',
      tool: 'shell',
      importance: 'critical',
      files: ['lib/tasks/cleanup.rake'],
    },
    {
      user: 'バックアップなしで消したのですか。利用者のデータだったらどうするつもりですか。',
      assistant:
        '弁解できません。バックアップを取らずにユーザーのデータを削除しました。幸い検証用の作り物で、昨夜の控えから二百人分を戻し、件数と中身の照合も済みました。',
      tool: 'shell',
      importance: 'critical',
    },
    {
      user: '再発を防ぐ手を三つ挙げてください。',
      assistant:
        '一つ、消す前に対象をファイルへ書き出し、読み戻せることを確かめる。二つ、既定は数えるだけで、消すには件数を引数で渡す。三つ、接続先の名前を表示して確認を求める。',
      tool: 'memory',
      importance: 'critical',
      files: ['lib/tasks/cleanup.rake'],
    },
    {
      user: 'その通りに作り直してください。',
      assistant:
        '作り直しました。件数が一致しなければ一行も消しません。書き出しは暗号化して三十日後に消えます。消したあとの件数も表示します。',
      tool: 'edit',
      importance: 'high',
      files: ['lib/tasks/cleanup.rake', 'spec/tasks/cleanup_spec.rb'],
    },
    {
      user: '暗号化の鍵はどこに置きましたか。',
      assistant:
        'いけません、config/backup.yml に書いたままコミットしていました。まだ push はしていません。コミットを作り直して、鍵は新しいものに替えました。',
      tool: 'git',
      importance: 'critical',
      files: ['config/backup.yml'],
    },
    {
      user: '秘密の値が混ざらない仕組みはありますか。',
      assistant:
        'コミットの前に走る検査を入れました。鍵らしい文字列と、秘密の設定ファイルの追加を止めます。過去の履歴も調べ、ほかには見つかりませんでした。',
      tool: 'edit',
      importance: 'high',
      files: ['.githooks/pre-commit'],
    },
    {
      user: '再入会した三十九人はどう見分けていますか。',
      assistant:
        '退会日より新しい入会日がある人です。メールアドレスの変更で別人に見える場合があるので、会員番号で突き合わせました。',
      tool: 'read',
      files: ['app/models/member.rb'],
    },
    {
      user: '購入の記録から個人情報を外す部分を見せてください。',
      assistant:
        '氏名、住所、電話を空にし、会員番号は元に戻せない番号に置き換えます。金額と日付と商品はそのままです。七年の集計は前後で同じ値になりました。',
      tool: 'edit',
      importance: 'high',
      files: ['app/services/anonymize_purchase.rb'],
    },
    {
      user: '問い合わせの履歴にも名前が入っていませんか。',
      assistant:
        '本文の中に名前や電話番号が書かれているものが二割ほどあります。機械で探すと漏れるので、本文ごと一年で消す方が確実です。法務に確認をお願いできますか。',
      tool: 'read',
      importance: 'high',
      files: ['app/models/inquiry.rb'],
    },
    {
      user: '法務も同意しました。一年で本文ごと消してください。',
      assistant:
        '同じ処理に加えました。件名と受付日は残し、本文だけを消します。こちらも書き出しと件数の照合を通ります。',
      tool: 'edit',
      files: ['lib/tasks/cleanup.rake'],
    },
    {
      user: '本番では誰がどう流しますか。',
      assistant:
        '運用の担当者が手順書に沿って流します。私は流しません。最初の週は百人ずつ、問題がなければ夜間の定期処理にします。手順書には元に戻す方法も書きました。',
      tool: 'docs',
      importance: 'high',
      files: ['docs/runbooks/member-cleanup.md'],
    },
    {
      user: '削除の証跡は残りますか。',
      assistant:
        'いつ、誰が、何人分を消したかを監査の表に残します。個人が分かる値は入れません。会員から問い合わせがあったときは、会員番号の要約値で消えたことを示せます。',
      tool: 'edit',
      files: ['app/models/erasure_log.rb'],
    },
  ],
};
