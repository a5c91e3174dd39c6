"""The texts of a slip in Turkish. It guarantees one for each field. It must never hold anything about a case."""

from typing import Final

from takedown_cli.helpline.wording.texts import Wording

TEXTS: Final = Wording(
    name="Türkçe",
    direction="ltr",
    outside="Yalnızca bir kişi içindir. Size ait değilse lütfen açmayın.",
    fold="Alt kısmı bu çizgiye kadar yukarı katlayın, yazı içte kalsın, sonra kapatın.",
    title="Başvurunuz",
    reference="Bizdeki kayıt adı",
    number="Başvuru numaranız",
    number_own="Başvuru numaranız, başvuruyu kendiniz hazırlarken size gösterilen numaradır. Biz onu bilmiyoruz.",
    keep="Numarayı güvenli bir yerde saklayın. Kimse onu geri getiremez. Numara kimdeyse başvurunun "
    "durumunu görebilir ve "
    "başvuruyu geri çekebilir. Adınız onunla birlikte kayıtlı değildir.",
    done_title="Ne yapıldı",
    done="Fotoğraf ve videolarınızın dijital parmak izleri gönderildi. Fotoğraf ve videoların "
    "kendisi gönderilmedi ve "
    "kimsenin onlara bakması gerekmedi.",
    sent="Gönderildiği gün",
    protected="Fotoğraf ve video",
    unprotected="Korunamayanlar (lütfen bize sorun)",
    ends="Başvurunun kendiliğinden sona ereceği gün",
    next_title="Bundan sonra ne olacak",
    next_compare="Katılan platformlar parmak izlerini kendilerine yüklenenlerle karşılaştırır. Bu birkaç "
    "gün sürebilir.",
    next_block="Bir kopya bulurlarsa onu kaldırabilir ve yeni yüklemeleri engelleyebilirler.",
    next_limits="Şifreli mesajlaşma uygulamalarında, katılmayan platformlarda ve çok değiştirilmiş "
    "kopyalarda işe yaramaz.",
    ask_title="Ne olduğunu nasıl sorarsınız",
    ask="Bize ulaşın ve bizdeki kayıt adını söyleyin. Adınızı söylemeniz gerekmez.",
    ask_program="Ya da kendi bilgisayarınızda takedown programını kullanın. Program başvuru numarasını sorar:",
    withdraw_title="Başvuru nasıl geri çekilir",
    withdraw="Başvuruyu istediğiniz zaman, neden göstermeden geri çekebilirsiniz: bize ulaşın ya da programı kullanın:",
    talk="Tehlikedeyseniz ya da biriyle konuşmak isterseniz bize veya başka bir yardım hattına ulaşın.",
)
