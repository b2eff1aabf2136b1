"""Sentences of ours in the languages whose files come in encodings of their own."""

SENTENCES: dict[str, str] = {
    "cs": "Přívoz odjíždí v devět hodin ráno.|Řeka dnes stoupla o půl metru, říkal převozník.|"
    "Počkejte prosím u mostu, než přijde můj bratr.|Kde jste nechali ty žluté deštníky?|"
    "Nikdo nevěděl, že loď už dávno odplula.|Ještě chvíli a bude úplná tma.",
    "sk": "Kompa odchádza o deviatej ráno.|Rieka dnes stúpla o pol metra, hovoril prievozník.|"
    "Počkajte, prosím, pri moste, kým príde môj brat.|Kde ste nechali tie žlté dáždniky?|"
    "Nikto nevedel, že loď už dávno odplávala.|Ešte chvíľu a bude úplná tma, veď už je päť hodín.",
    "pl": "Prom odpływa o dziewiątej rano.|Rzeka podniosła się dziś o pół metra, mówił przewoźnik.|"
    "Proszę zaczekać przy moście, aż przyjdzie mój brat.|Gdzie zostawiliście te żółte parasole?|"
    "Nikt nie wiedział, że łódź już dawno odpłynęła.|Jeszcze chwilę i będzie zupełnie ciemno.",
    "hu": "A komp reggel kilenckor indul.|A folyó ma fél métert emelkedett, mondta a révész.|"
    "Kérem, várjanak a hídnál, amíg megjön az öcsém.|Hol hagyták azokat a sárga ernyőket?|"
    "Senki sem tudta, hogy a hajó régen elment.|Előbb-utóbb úgyis kiderül, hogy ki fűtötte be.",
    "ro": "Feribotul pleacă la ora nouă dimineaţa.|Râul a crescut astăzi cu o jumătate de metru.|"
    "Vă rog să aşteptaţi lângă pod până vine fratele meu.|Unde aţi lăsat umbrelele galbene?|"
    "Nimeni nu ştia că barca plecase de mult.|Încă puţin şi se face întuneric de tot.",
    "hr": "Trajekt polazi u devet sati ujutro.|Rijeka je danas porasla za pola metra, kaže skelar.|"
    "Molim vas, pričekajte kod mosta dok ne dođe moj brat.|Gdje ste ostavili one žute kišobrane?|"
    "Nitko nije znao da je čamac već davno otišao.|Još malo i bit će potpuni mrak.",
    "sl": "Trajekt odpelje ob devetih zjutraj.|Reka je danes narasla za pol metra, pravi brodar.|"
    "Počakajte, prosim, pri mostu, da pride moj brat.|Kje ste pustili tiste rumene dežnike?|"
    "Nihče ni vedel, da je čoln že zdavnaj odplul.|Še malo in bo čisto temno.",
    "tr": "Feribot sabah dokuzda kalkıyor.|Nehir bugün yarım metre yükseldi, dedi kayıkçı.|"
    "Lütfen kardeşim gelene kadar köprünün yanında bekleyin.|Sarı şemsiyeleri nerede bıraktınız?|"
    "Kimse teknenin çoktan gittiğini bilmiyordu.|Biraz sonra hava iyice kararacak, değil mi?",
    "el": "Το φέρι φεύγει στις εννέα το πρωί.|Το ποτάμι ανέβηκε σήμερα μισό μέτρο.|"
    "Παρακαλώ περιμένετε δίπλα στη γέφυρα ώσπου να έρθει ο αδελφός μου.|"
    "Πού αφήσατε τις κίτρινες ομπρέλες;|Κανείς δεν ήξερε ότι η βάρκα είχε φύγει.|"
    "Άσε με να σκεφτώ λίγο ακόμα.",
    "he": "המעבורת יוצאת בתשע בבוקר.|הנהר עלה היום בחצי מטר, אמר בעל הסירה.|"
    "בבקשה חכו ליד הגשר עד שאחי יבוא.|איפה השארתם את המטריות הצהובות?|"
    "איש לא ידע שהסירה הפליגה מזמן.|עוד מעט יהיה חושך מוחלט.",
    "ar": "تغادر العبّارة في التاسعة صباحًا.|ارتفع النهر اليوم نصف متر، هكذا قال الملاح.|"
    "من فضلكم انتظروا قرب الجسر حتى يأتي أخي.|أين تركتم المظلات الصفراء؟|"
    "لم يعرف أحد أن القارب رحل منذ زمن.|بعد قليل سيحل الظلام.",
    "lt": "Keltas išplaukia devintą valandą ryto.|Upė šiandien pakilo puse metro, sakė "
    "keltininkas.|"
    "Prašau palaukti prie tilto, kol ateis mano brolis.|Kur palikote tuos geltonus skėčius?|"
    "Niekas nežinojo, kad valtis jau seniai išplaukė.|Dar truputį ir bus visiškai tamsu, žiūrėk į"
    " dangų.",
    "lv": "Prāmis atiet deviņos no rīta.|Upe šodien ir cēlusies par pusmetru, teica pārcēlājs.|"
    "Lūdzu, pagaidiet pie tilta, kamēr atnāks mans brālis.|Kur jūs atstājāt dzeltenos "
    "lietussargus?|"
    "Neviens nezināja, ka laiva jau sen aizgājusi.|Vēl brīdis, un būs pavisam tumšs, ņemiet līdzi"
    " ķiveri un ģitāru.",
    "et": "Praam väljub kell üheksa hommikul.|Jõgi tõusis täna pool meetrit, ütles paadimees.|"
    "Palun oodake silla juures, kuni mu vend tuleb.|Kuhu te need kollased vihmavarjud jätsite?|"
    "Keegi ei teadnud, et paat oli ammu läinud.|Veel veidi ja on täiesti pime, šokolaad on otsas.",
    "ru": "Паром отходит в девять часов утра.|Река сегодня поднялась на полметра, сказал паромщик.|"
    "Подождите, пожалуйста, у моста, пока не придёт мой брат.|Где вы оставили жёлтые зонты?|"
    "Никто не знал, что лодка давно уплыла.|Ещё немного, и станет совсем темно.",
    "uk": "Пором відходить о дев'ятій ранку.|Річка сьогодні піднялася на пів метра, сказав "
    "поромник.|"
    "Зачекайте, будь ласка, біля мосту, доки не прийде мій брат.|Де ви залишили жовті парасолі?|"
    "Ніхто не знав, що човен давно відплив.|Ще трохи, і стане зовсім темно, її ґанок уже не видно.",
    "bg": "Фериботът тръгва в девет часа сутринта.|Реката днес се покачи с половин метър.|"
    "Моля, почакайте до моста, докато дойде брат ми.|Къде оставихте жълтите чадъри?|"
    "Никой не знаеше, че лодката отдавна е заминала.|Още малко и ще стане съвсем тъмно.",
    "sr": "Скела полази у девет сати ујутру.|Река је данас порасла за пола метра, каже скелеџија.|"
    "Молим вас, сачекајте код моста док не дође мој брат.|Где сте оставили жуте кишобране?|"
    "Нико није знао да је чамац већ давно отишао.|Још мало и биће потпуни мрак, љубави њена.",
    "pt": "A balsa parte às nove horas da manhã.|O rio subiu hoje meio metro, disse o barqueiro.|"
    "Por favor, esperem junto à ponte até chegar o meu irmão.|Onde é que deixaram os "
    "guarda-chuvas?|"
    "Ninguém sabia que a embarcação já não estava lá.|Então vocês não vêm à reunião de amanhã?",
    "es": "El transbordador sale a las nueve de la mañana.|El río subió hoy medio metro, según "
    "dijo.|"
    "Por favor, esperen junto al puente hasta que venga mi hermano pequeño.|"
    "¿Dónde habéis dejado los paraguas amarillos?|Nadie sabía que la barca se había ido.|"
    "¡Qué lástima! Mañana será otro día, señor Núñez.",
    "fr": "Le bac part à neuf heures précises.|La rivière a monté d'un demi-mètre, dit le passeur.|"
    "S'il vous plaît, attendez près du pont jusqu'à l'arrivée de mon frère.|"
    "Où avez-vous laissé les parapluies ?|Personne ne savait que le bateau était déjà parti.|"
    "Ça y est, la nuit tombe bientôt, ma sœur.",
    "de": "Die Fähre fährt um neun Uhr früh ab.|Der Fluss ist heute gestiegen, sagte der Fährmann.|"
    "Bitte warten Sie an der Brücke, bis mein Bruder zurückkommt.|"
    "Wo habt ihr die gelben Schirme hingestellt, Jörg?|Niemand wusste, dass das Boot längst weg "
    "war.|"
    "Gleich wird es völlig dunkel, und die Straße ist glatt.",
    "fi": "Lautta lähtee yhdeksältä aamulla.|Joki nousi tänään puoli metriä, sanoi lautturi.|"
    "Odottakaa sillan luona, kunnes veljeni tulee tänne.|Minne jätitte keltaiset sateenvarjot?|"
    "Kukaan ei tiennyt, että vene oli lähtenyt jo päiviä sitten.|Pian on ihan pimeää, eikö olekin"
    " kylmä yö.",
    "sv": "Färjan går klockan nio på morgonen.|Ån steg en halv meter i dag, sa färjkarlen.|"
    "Vänta vid bron tills min bror kommer är du snäll.|Var ställde ni de gula paraplyerna då?|"
    "Ingen visste att båten redan hade gått.|Snart är det alldeles mörkt ute på sjön.",
    "vi": "Chuyến phà khởi hành lúc chín giờ sáng.|Hôm nay nước sông dâng lên nửa mét.|"
    "Xin hãy đợi bên cầu cho đến khi anh tôi đến.|Các bạn để những chiếc ô màu vàng ở đâu?|"
    "Không ai biết rằng con thuyền đã đi từ lâu.|Một lát nữa trời sẽ tối hẳn.",
    "th": "เรือข้ามฟากออกเวลาเก้าโมงเช้า|วันนี้น้ำในแม่น้ำสูงขึ้นครึ่งเมตร|"
    "กรุณารอที่สะพานจนกว่าพี่ชายของฉันจะมา|คุณทิ้งร่มสีเหลืองไว้ที่ไหน|"
    "ไม่มีใครรู้ว่าเรือออกไปนานแล้ว|อีกสักครู่ก็จะมืดสนิท",
    "ja": "渡し船は午前九時に出ます。|今日は川の水が五十センチも上がりました。|"
    "弟が来るまで橋のそばで待っていてください。|黄色い傘をどこに置いてきたのですか。|"
    "船がとっくに出ていたことを誰も知らなかった。|もうすぐ真っ暗になりますよ。",
    "ko": "나룻배는 아침 아홉 시에 떠납니다.|오늘 강물이 반 미터나 불어났어요.|"
    "동생이 올 때까지 다리 옆에서 기다려 주세요.|노란 우산을 어디에 두고 왔습니까?|"
    "배가 벌써 떠난 것을 아무도 몰랐다.|조금 있으면 아주 어두워질 겁니다.",
    "zh-CN": "渡船早上九点开。|今天河水涨了半米，船夫说。|请在桥边等我弟弟过来。|"
    "你们把黄色的雨伞放在哪里了？|没有人知道船早就开走了。|再过一会儿天就全黑了。",
    "zh-TW": "渡船早上九點開。|今天河水漲了半公尺，船夫說。|請在橋邊等我弟弟過來。|"
    "你們把黃色的雨傘放在哪裡了？|沒有人知道船早就開走了。|再過一會兒天就全黑了。",
}
"""Six sentences of each, by BCP 47 tag, parted by bars. The Romanian ones have the cedillas that
encodings before Unicode had."""
