#include "text/language.h"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace offx::text {
namespace {

TEST(DetectLanguage, TellsWhatPostsAreWrittenIn) {
  EXPECT_EQ(detect_language("The new release of the database is out and it is much faster than the last one"), "en");
  EXPECT_EQ(detect_language("Die neue Version der Datenbank ist da und viel schneller als die letzte"), "de");
  EXPECT_EQ(detect_language("La nouvelle version de la base de données est sortie, elle est plus rapide"), "fr");
  EXPECT_EQ(detect_language("今日は新しいデータベースのバージョンが公開されました"), "ja");
  EXPECT_EQ(detect_language("Новая версия базы данных вышла сегодня и работает быстрее"), "ru");
  EXPECT_EQ(detect_language("גרסה חדשה של מסד הנתונים יצאה היום והיא מהירה יותר"), "he");
}

TEST(DetectLanguage, SaysNothingWhereThereIsNoLanguage) {
  for (const char* text :
       {"", "   ", "12345 !!!", "https://e.example/the-news-of-today", "@the #news @is $HERE", "👍👍👍"}) {
    EXPECT_EQ(detect_language(text), "") << text;
  }
}

TEST(LanguageCode, IsOneForEveryFormOfALanguage) {
  const std::map<std::string, std::string> codes = {
      {"en", "en"},  {"EN", "en"},   {"en-GB", "en"}, {"pt_BR", "pt"}, {"eng", "en"},    {"deu", "de"},
      {"GER", "de"}, {"iw", "he"},   {" heb ", "he"}, {"cmn", "zh"},   {"haw", "haw"},   {"jpn", "ja"},
      {"und", ""},   {"qme", ""},    {"zxx", ""},     {"", ""},        {"e", ""},        {"english", ""},
      {"e1", ""},    {"xyz", "xyz"}, {"tgl", "tl"},   {"fil", "tl"},   {"zh-Hant", "zh"}};
  for (const auto& [tag, code] : codes) EXPECT_EQ(language_code(tag), code) << tag;
}

TEST(DetectLanguage, TakesAnyBytes) {
  rc::check([](const std::string& bytes) { (void)detect_language(bytes); });
  EXPECT_EQ(detect_language("The words are good \xFF\xC3 but some bytes in this sentence are broken \xE2\x82"), "en");
  std::string cut = "x";
  while (cut.size() < 9000) cut += "今日は新しい版が公開されました。明日も公園へ行きます。";
  EXPECT_EQ(detect_language(cut), "ja");
}

}  // namespace
}  // namespace offx::text
