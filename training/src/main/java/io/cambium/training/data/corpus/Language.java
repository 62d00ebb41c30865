package io.cambium.training.data.corpus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The 21 languages of the European Parliament's proceedings, told apart by function words: the most
 * frequent words of each, counted in those proceedings.
 */
enum Language {
  BG("на да и в за от се е че по с това не трябва като които ще са много"),
  CS("a v se na je že o pro s to k z které ve aby by za i jsou jako"),
  DA("at og er i det for af til de en den som der vi på jeg med om har ikke"),
  DE("die der und in zu den wir das für von ich ist dass es nicht des auf eine werden im"),
  EL("και να της την το η για των του που θα είναι με ότι σε από τη τα δεν στην"),
  EN("the of and to in that a is for we this i on be it are as have not with"),
  ES("de la que en el y a los las se del por no una un para es con al ha"),
  ET("ja on et ei ning see mis kui me selle ka ma seda oma meie väga ole mida"),
  FI("ja on että ei se myös ovat sen ole joka tämä jotka meidän siitä mutta"),
  FR("de la l et le les à des que d en nous est une du un dans pour qui il"),
  HU("a az és hogy is nem kell egy ez azt olyan van meg de arra"),
  IT("di e che il la in per l a un è del non i della le una dell dei si"),
  LT("ir kad dėl tai yra su į taip kaip pat iš būti būtų mes to savo labai už"),
  LV("un ir ka par es ar kas uz lai arī mēs kā no to tas mums tā jo mūsu"),
  NL("de van het en een dat in te is voor op ik die met zijn om niet aan we dit"),
  PL("w i na z do się że nie jest to o a tym jak za dla które oraz przez"),
  PT("de a que e o da do em os para uma é se não um as dos no com por"),
  RO("de în a să şi la pentru care și o că este cu nu din mai un pe se acest"),
  SK("a v sa na je že o by pre s ako to ktoré aby som z aj sme za"),
  SL("in v je da za na ki se ne o bi so z to s bo kot tudi pa pri"),
  SV("att och i det som för av är en vi till de om den på jag har med inte ett");

  private static final double LEAST_SHARE = 0.1;
  private static final double LEAST_LEAD = 1.3;
  private static final Pattern BETWEEN_WORDS = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final Map<String, List<Language>> SPEAKERS = speakers();

  private final String functionWords;

  Language(String functionWords) {
    this.functionWords = functionWords;
  }

  /** The language's two letters, as in ISO 639-1. */
  String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The language of a text: the one whose function words make up a tenth of it, and a third more
   * than any other's; none if the text is not clearly in one.
   */
  static Optional<Language> of(String text) {
    String[] words = BETWEEN_WORDS.split(text.toLowerCase(Locale.ROOT));
    int[] counts = new int[values().length];
    for (String word : words) {
      SPEAKERS.getOrDefault(word, List.of()).forEach(language -> counts[language.ordinal()]++);
    }
    List<Language> ranked =
        Arrays.stream(values())
            .sorted(Comparator.comparingInt(language -> -counts[language.ordinal()]))
            .toList();
    int first = counts[ranked.get(0).ordinal()];
    int second = counts[ranked.get(1).ordinal()];
    boolean clear = first > LEAST_SHARE * words.length && first > LEAST_LEAD * second;
    return clear ? Optional.of(ranked.get(0)) : Optional.empty();
  }

  private static Map<String, List<Language>> speakers() {
    Map<String, List<Language>> speakers = new HashMap<>();
    for (Language language : values()) {
      for (String word : language.functionWords.split(" ")) {
        speakers.computeIfAbsent(word, unseen -> new ArrayList<>()).add(language);
      }
    }
    return speakers;
  }
}
