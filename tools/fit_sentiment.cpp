/// Fits the weights of src/summary/sentiment.cpp: multinomial logistic regression with an L2 penalty on the features of
/// src/summary/calibration.h. Every label weighs the same in sum, because the measure is the macro average and the
/// shares of the labels differ from one collection of posts to the next.
///
///     fit_sentiment POSTS.jsonl        lines of {"label": 0 negative | 1 neutral | 2 positive, "text": …}
///
/// Prints what cross-validation says for some strengths of the penalty, then the weights for kPenalty.

#include <array>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "summary/calibration.h"

namespace {

using offx::summary::Features;
constexpr std::size_t kLabels = 3;
constexpr std::size_t kFeatures = std::tuple_size_v<Features>;
constexpr double kPenalty = 0.003;
constexpr int kFolds = 10;
constexpr int kRounds = 5;

using Weights = std::array<Features, kLabels>;

struct Example {
  std::size_t label;
  Features features;
};

std::array<double, kLabels> probabilities(const Weights& weights, const Features& features) {
  std::array<double, kLabels> p{};
  for (std::size_t l = 0; l < kLabels; ++l) {
    p[l] = std::exp(std::inner_product(features.begin(), features.end(), weights[l].begin(), 0.0));
  }
  const double sum = p[0] + p[1] + p[2];
  for (double& value : p) value /= sum;
  return p;
}

/// Gradient descent with Nesterov's momentum; the function is convex and smooth.
Weights fit(const std::vector<const Example*>& examples, double penalty) {
  std::array<double, kLabels> count{};
  for (const Example* example : examples) ++count[example->label];
  Weights weights{};
  Weights ahead{};
  Weights last{};
  for (int step = 0; step < 1500; ++step) {
    Weights gradient{};
    for (const Example* example : examples) {
      const auto p = probabilities(ahead, example->features);
      const double weight = 1 / (static_cast<double>(kLabels) * count[example->label]);
      for (std::size_t l = 0; l < kLabels; ++l) {
        const double error = weight * (p[l] - (l == example->label ? 1.0 : 0.0));
        for (std::size_t f = 0; f < kFeatures; ++f) gradient[l][f] += error * example->features[f];
      }
    }
    const double momentum = static_cast<double>(step) / (step + 3.0);
    for (std::size_t l = 0; l < kLabels; ++l) {
      for (std::size_t f = 0; f < kFeatures; ++f) {
        const double regular = f == 0 ? 0 : penalty * ahead[l][f];
        last[l][f] = weights[l][f];
        weights[l][f] = ahead[l][f] - 0.5 * (gradient[l][f] + regular);
        ahead[l][f] = weights[l][f] + momentum * (weights[l][f] - last[l][f]);
      }
    }
  }
  return weights;
}

struct Score {
  double recall = 0;
  double f1 = 0;
};

Score score(const std::array<std::array<double, kLabels>, kLabels>& confusion) {
  Score score;
  for (std::size_t l = 0; l < kLabels; ++l) {
    double truth = 0;
    double said = 0;
    for (std::size_t other = 0; other < kLabels; ++other) {
      truth += confusion[l][other];
      said += confusion[other][l];
    }
    score.recall += confusion[l][l] / truth / kLabels;
    score.f1 += 2 * confusion[l][l] / (truth + said) / kLabels;
  }
  return score;
}

Score cross_validate(const std::vector<Example>& examples, double penalty) {
  Score mean;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::size_t> order(examples.size());
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937 random(static_cast<unsigned>(round));
    std::shuffle(order.begin(), order.end(), random);
    std::array<std::array<double, kLabels>, kLabels> confusion{};
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
      std::vector<const Example*> train;
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (i % kFolds != fold) train.push_back(&examples[order[i]]);
      }
      const Weights weights = fit(train, penalty);
      for (std::size_t i = fold; i < order.size(); i += kFolds) {
        const Example& example = examples[order[i]];
        const auto p = probabilities(weights, example.features);
        const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
        ++confusion[example.label][best];
      }
    }
    const Score s = score(confusion);
    mean.recall += s.recall / kRounds;
    mean.f1 += s.f1 / kRounds;
  }
  return mean;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: fit_sentiment POSTS.jsonl\n");
    return 2;
  }
  std::vector<Example> examples;
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);) {
    const auto object = boost::json::parse(line).as_object();
    const auto label = static_cast<std::size_t>(object.at("label").as_int64());
    const std::string text(object.at("text").as_string());
    examples.push_back({label, offx::summary::features_of(offx::summary::analyse(text))});
  }
  fmt::print("penalty  macro recall  macro F1   ({} folds, {} rounds, {} posts)\n", kFolds, kRounds, examples.size());
  for (const double penalty : {0.001, 0.003, 0.01, 0.03}) {
    const Score s = cross_validate(examples, penalty);
    fmt::print("{:7} {:13.4f} {:9.4f}\n", penalty, s.recall, s.f1);
  }
  std::vector<const Example*> all;
  for (const Example& example : examples) all.push_back(&example);
  const Weights weights = fit(all, kPenalty);
  for (std::size_t f = 0; f < kFeatures; ++f) {
    fmt::print("{:16}", offx::summary::kFeatureNames[f]);
    for (const Features& of_label : weights) fmt::print(" {:8.3f}", of_label[f]);
    fmt::print("\n");
  }
  for (const Features& of_label : weights) {
    fmt::print("    {{");
    for (const double weight : of_label) fmt::print("{:.3f}, ", weight);
    fmt::print("}},\n");
  }
  return 0;
}
